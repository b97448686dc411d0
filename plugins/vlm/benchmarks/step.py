"""A fine-tuning step through vidcap beside a plain loop of peft: the same batch, the same loss, the time.

python plugins/vlm/benchmarks/step.py [--rounds 9]     (CPU; stated beforehand: at least as fast, the same loss to 1e-4)
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForImageTextToText, AutoProcessor
from vidcap_vlm import tiny
from vidcap_vlm.adapters import decoder_linears
from vidcap_vlm.chat_tokenizer import ChatTokenizer
from vidcap_vlm.head import ChatModel

from vidcap_core.api import HEAD, Batch, Clip, RawClip
from vidcap_core.testing import measured
from vidcap_core.testing.contest import race

THRESHOLD = 1.0
BATCH, FRAMES = 8, 8
TEXTS = (
    "a red ball is moving to the left",
    "a green square is growing",
    "a blue triangle is moving up and down",
)
QUESTION = "What happens?"


def clips() -> list[RawClip]:
    """Noise, each clip of its own length."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(BATCH):
        length = 4.0 + index
        times = (np.arange(FRAMES) + 0.5) * length / FRAMES
        frames = rng.integers(0, 255, (FRAMES, 64, 64, 3), dtype=np.uint8)
        made.append(RawClip(Clip(str(index), duration=length), frames, times))
    return made


def texts() -> list[str]:
    """A caption a clip."""
    return [TEXTS[index % len(TEXTS)] for index in range(BATCH)]


def ours(folder: str, vision_cache: int = 0) -> Any:
    """A step of the head with its adapters; what it gives is the loss."""
    words = ChatTokenizer(folder)
    lora = {"r": 8, "lora_alpha": 16}
    head = ChatModel(
        folder, words, prompt=QUESTION, frames=FRAMES, lora=lora, vision_cache=vision_cache
    ).train()
    rows = [[words.bos_id, *words.encode(text), words.eos_id] for text in texts()]
    width = max(map(len, rows))
    tokens = torch.tensor([row + [words.pad_id] * (width - len(row)) for row in rows])
    mask = torch.tensor([[True] * len(row) + [False] * (width - len(row)) for row in rows])
    given = [clip.clip for clip in clips()]
    prepared = head.collate([head.prepare(clip) for clip in clips()])
    batch = Batch(tuple(given), tokens=tokens, token_mask=mask, prepared={HEAD: prepared})
    adam = torch.optim.AdamW([weight for weight in head.parameters() if weight.requires_grad], lr=1e-3)

    def step() -> float:
        named = head({}, batch, frozenset({"tokens"}))["tokens"]
        loss = torch.nn.functional.cross_entropy(named.value[named.mask], named.target[named.mask])
        adam.zero_grad()
        loss.backward()
        adam.step()
        return float(loss)

    return step


def plain(folder: str) -> Any:
    """A step as peft's and transformers' pages show it: labels of the whole conversation, -100 before the answer."""
    model = AutoModelForImageTextToText.from_pretrained(folder)
    targets = decoder_linears(model)
    torch.manual_seed(0)
    tuned = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets)).train()
    processor = AutoProcessor.from_pretrained(folder)
    processor.tokenizer.padding_side = "right"
    asked, whole = [], []
    for text in texts():
        question = {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": QUESTION}]}
        answer = {"role": "assistant", "content": [{"type": "text", "text": text}]}
        asked.append(processor.apply_chat_template([question], add_generation_prompt=True))
        whole.append(processor.apply_chat_template([question, answer]).rstrip("\n"))
    told = [
        {
            "total_num_frames": FRAMES,
            "fps": FRAMES / clip.clip.duration,
            "duration": clip.clip.duration,
            "frames_indices": [index + 0.5 for index in range(FRAMES)],
        }
        for clip in clips()
    ]
    films = [list(clip.frames) for clip in clips()]
    how = {"do_sample_frames": False, "add_special_tokens": False, "return_tensors": "pt", "padding": True}
    inputs = processor(text=whole, videos=films, video_metadata=told, **how)
    before = processor(text=asked, videos=films, video_metadata=told, **how)["attention_mask"].sum(1)
    labels = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)
    labels = labels.masked_fill(torch.arange(labels.shape[1])[None] < before[:, None], -100)
    adam = torch.optim.AdamW([weight for weight in tuned.parameters() if weight.requires_grad], lr=1e-3)

    def step() -> float:
        loss = tuned(**inputs, labels=labels).loss
        adam.zero_grad()
        loss.backward()
        adam.step()
        return float(loss)

    return step


def main() -> None:
    """Write the losses of the first steps, the medians, and whether the threshold was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "step.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "model"
        folder.mkdir()
        tiny.write(folder)
        mine, other, kept = ours(str(folder)), plain(str(folder)), ours(str(folder), vision_cache=64)
        losses = [[step() for step in (mine, other, kept)] for _ in range(2)]
        own, theirs, ratio = race(mine, other, args.rounds, time.process_time)
        kept_s, own_again, saving = race(kept, mine, args.rounds, time.process_time)
    same = all(abs(loss - row[0]) < 1e-4 for row in losses for loss in row)
    rows = {
        "losses": {"columns": ["vidcap", "peft", "vidcap with kept features"], "rows": losses, "same": same},
        "beside peft": {"ours_s": own, "plain_s": theirs, "times": ratio, "met": ratio >= THRESHOLD and same},
        "features kept": {"kept_s": kept_s, "looked_s": own_again, "times": saving},
    }
    what = {"clock": "processor seconds of a step", "rounds": args.rounds, "threshold": THRESHOLD}
    measured.write(args.out, {**what, **rows})
    print(json.dumps(rows))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
