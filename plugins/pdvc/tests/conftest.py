"""A small PDVC with random weights, and what the authors' code gave for others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from vidcap_core.api import Batch, Clip, Event, Stream
from vidcap_core.testing import tiny_streams, tiny_vocabulary

TEXTS = ("a man runs", "a dog sleeps", "the woman sings")
SMALL = {
    "streams": {"image": 10},
    "frames": 12,
    "width": 32,
    "heads": 2,
    "feed": 32,
    "queries": 5,
    "most_events": 4,
    "word_width": 16,
    "hidden": 16,
    "attend": 8,
    "dropout": 0.0,
    "word_dropout": 0.0,
}


@pytest.fixture
def make_head() -> Callable[..., Any]:
    """`make_head(captioner="light")`: a small head on a stream of width 10."""
    from vidcap_pdvc.head import PDVCHead

    def make(**changes: Any) -> PDVCHead:
        torch.manual_seed(0)
        return PDVCHead(tokenizer=tiny_vocabulary(TEXTS), **{**SMALL, **changes}).eval()

    return make


@pytest.fixture
def make_batch() -> Callable[..., Batch]:
    """`make_batch(2, 1)`: clips of 20 seconds with so many events each."""

    def make(*counts: int, rows: int = 7) -> Batch:
        streams = tiny_streams({"image": 10}, len(counts), rows)
        clips = tuple(Clip(f"clip{number}", duration=20.0) for number in range(len(counts)))
        events = tuple(
            tuple(Event(3.0 * k, 3.0 * k + 2, TEXTS[k % len(TEXTS)]) for k in range(count))
            for count in counts
        )
        return Batch(clips, streams, events=events)

    return make


@dataclass(frozen=True)
class Golden:
    """What the authors' code gave for small random weights; the numbers lie outside of this repository."""

    folder: Path
    numbers: dict[str, Tensor]
    meta: dict[str, Any]

    def checkpoint(self, name: str) -> dict[str, Any]:
        """What a file that the authors publish holds."""
        file = "weights" if name == "standard" else f"{name}.weights"
        return {"model": load_file(self.folder / f"{file}.safetensors"), "epoch": 3, "optimizer": {}}

    def write(self, folder: Path, name: str) -> dict[str, Path]:
        """Such a file as torch writes it, with words and options beside it."""
        checkpoint, words = folder / f"{name}.pth", folder / "vocabulary.json"
        torch.save(self.checkpoint(name), checkpoint)
        words.write_text(json.dumps({"ix_to_word": self.meta["vocab"]}))
        options = folder / "info.json"
        options.write_text(json.dumps({"opt": self.meta[f"official_opt_{name}"]}))
        return {"checkpoint": checkpoint, "words": words, "options": options}

    def batch(self, which: str) -> Batch:
        """The authors' batch: clips with all their events."""
        videos = {"v0": [0], "v1pad": [1], "both": [0, 1]}[which]
        about = [self.meta["videos"][number] for number in videos]
        stream = Stream(
            self.numbers[f"out.batch.{which}.video_tensor"], self.numbers[f"out.batch.{which}.video_mask"]
        )
        events = tuple(
            tuple(Event(*span, text) for span, text in zip(one["timestamps"], one["sentences"], strict=True))
            for one in about
        )
        clips = tuple(Clip(one["key"], duration=one["duration"]) for one in about)
        return Batch(clips, {"image": stream}, events=events)

    def out(self, name: str, which: str, mode: str, tensor: str) -> Tensor:
        """One of their numbers, as with the CUDA kernel that published models were trained with."""
        return self.numbers[f"out.{name}.cuda.{which}.{mode}.{tensor}"]


@pytest.fixture(scope="session")
def golden(peers: Path) -> Golden:
    """A test that asks for the numbers is skipped where they are not beside this checkout."""
    folder = peers / "pdvc"
    meta = json.loads((folder / "meta.json").read_text())
    return Golden(folder, load_file(folder / "io.safetensors"), meta)
