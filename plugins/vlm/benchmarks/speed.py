"""Captioning files beside a plain loop of transformers over the same files, the same words.

python plugins/vlm/benchmarks/speed.py [--files 48] [--rounds 3] [--families smolvlm]

On a CPU; stated beforehand: 1.3 times, by the clock. `load` is how many processes wanted a processor meanwhile.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor
from vidcap_vlm.prompt import Prompt

import vidcap_core
from vidcap_core.testing import measured, write_video

THRESHOLD = 1.3
FRAMES, WORDS = 8, 24
FAMILIES = ("smolvlm", "qwen2_5_vl")
TESTS = Path(__file__).resolve().parents[1] / "tests"


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
        question = Prompt.of("caption", None, None, ()).question(length)
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


def models(root: Path, chosen: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Tiny random models by family; those of the tests."""
    spec = importlib.util.spec_from_file_location("families", TESTS / "families.py")
    assert spec is not None
    assert spec.loader is not None
    families = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(families)
    for family in chosen:
        yield family, families.write(family, root / family)


def row(folder: str, films: list[Path], rounds: int) -> dict[str, Any]:
    """One model: seconds by the clock and of the processor, ours and theirs in turn."""
    own, theirs = ours(folder, films), plain(folder, films)
    times: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    for index in range(rounds):
        for name, run in (("ours", ours), ("plain", plain))[:: 1 if index % 2 else -1]:
            start = time.perf_counter(), time.process_time()
            run(folder, films)
            times[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    found: dict[str, Any] = {"same_words": [" ".join(text.split()) for text in theirs] == own}
    for at, clock in enumerate(("wall", "processor")):
        pairs = [(a[at], b[at]) for a, b in zip(times["ours"], times["plain"], strict=True)]
        for name, values in zip(times, zip(*pairs, strict=True), strict=True):
            found[f"{name}_{clock}_s"] = round(statistics.median(values), 2)
        found[f"times_{clock}"] = [round(b / a, 2) for a, b in pairs]
        found[f"median_{clock}"] = round(statistics.median(b / a for a, b in pairs), 2)
    return found | {"met": found["median_wall"] >= THRESHOLD}


def main() -> None:
    """Write rows of each family, and whether each threshold was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--families", nargs="+", default=FAMILIES)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "speed.json")
    args = parser.parse_args()
    rows = json.loads(args.out.read_text())["rows"] if args.out.is_file() else {}
    with tempfile.TemporaryDirectory() as root:
        films = [
            write_video(Path(root) / f"{index}.mp4", seconds=4, fps=25, width=320, height=240, sound=False)
            for index in range(args.files)
        ]
        for family, folder in models(Path(root), args.families):
            made = row(folder, films, args.rounds)
            rows[family] = {"files": args.files, "load": round(os.getloadavg()[0]), **made}
            measured.write(args.out, {"words": WORDS, "frames": FRAMES, "threshold": THRESHOLD, "rows": rows})
            print(json.dumps({family: rows[family]}), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
