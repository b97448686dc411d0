"""Captioning files beside a plain loop of transformers over the same files, the same words.

python plugins/vlm/benchmarks/speed.py [--files 48] [--rounds 3]     (CPU; stated beforehand: 1.3 times)
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor
from vidcap_vlm import tiny
from vidcap_vlm.prompt import Prompt

import vidcap_core
from vidcap_core.testing import write_video
from vidcap_core.testing.contest import race

THRESHOLD = 1.3
FRAMES, WORDS = 8, 24


def pictures(film: Path) -> tuple[list[Any], list[float], float]:
    """The frames that are shown in the middle of equal parts, by PyAV."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        shown = [(float(frame.time), frame) for frame in container.decode(stream)]
        length = float(stream.duration * stream.time_base)
    moments = [(index + 0.5) * length / FRAMES for index in range(FRAMES)]
    chosen = [[frame for time, frame in shown if time <= moment + 1e-6][-1] for moment in moments]
    return [frame.to_ndarray(format="rgb24") for frame in chosen], moments, length


def plain(folder: str, films: list[Path]) -> list[str]:
    """The loop that a model's page shows: file by file."""
    model, processor = (
        AutoModelForImageTextToText.from_pretrained(folder),
        AutoProcessor.from_pretrained(folder),
    )
    texts = []
    for film in films:
        frames, moments, length = pictures(film)
        question = Prompt.of("caption", None, None, None).question(length)
        content = [{"type": "video"}, {"type": "text", "text": question}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        told = {"total_num_frames": FRAMES, "fps": FRAMES / length, "duration": length}
        told["frames_indices"] = [moment * FRAMES / length for moment in moments]
        inputs = processor(
            text=[text],
            videos=[frames],
            video_metadata=[told],
            do_sample_frames=False,
            add_special_tokens=False,
            return_tensors="pt",
        )
        made = model.generate(**inputs, do_sample=False, max_new_tokens=WORDS)
        texts.append(
            processor.tokenizer.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        )
    return texts


def ours(folder: str, films: list[Path]) -> list[str]:
    """The same files through `vidcap_core.load`, from loading the model on, as the loop has it."""
    changes = [
        "head.script=None",
        "head.sentences=None",
        f"generate.max_length={WORDS}",
        "head.short_side=None",
    ]
    captioner = vidcap_core.load(folder, "cpu", changes=changes)
    return [getattr(result, "text", str(result)) for _, result in captioner.each(films, batch=16)]


def main() -> None:
    """Print the medians, and whether each threshold was met, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "model"
        folder.mkdir()
        tiny.write(folder)
        films = [
            write_video(Path(root) / f"{index}.mp4", seconds=4, fps=25, width=320, height=240, sound=False)
            for index in range(args.files)
        ]
        own, theirs = ours(str(folder), films), plain(str(folder), films)
        same = [" ".join(text.split()) for text in theirs] == own
        mine, other, ratio = race(
            lambda: ours(str(folder), films),
            lambda: plain(str(folder), films),
            args.rounds,
            time.perf_counter,
        )
    row = {"files": args.files, "ours_s": mine, "plain_s": other, "times": ratio, "same_words": same}
    print(json.dumps({**row, "threshold": THRESHOLD, "met": ratio >= THRESHOLD}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
