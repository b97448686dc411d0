"""Small CARE and NACF captioners with random weights, and what the authors' code gave for some."""

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
from vidcap_care.layout import STREAMS
from vidcap_care.vocabulary import CAREVocabulary

from vidcap_core.api import Batch, Stream, View
from vidcap_core.testing import tiny_batch, tiny_streams

TEXTS = ("a man is cooking food in the kitchen", "a dog is running on the grass", "a man plays a red guitar")
SMALL = {"width": 16, "heads": 2, "feed": 24, "max_length": 12}


@pytest.fixture(scope="session")
def vocabulary() -> CAREVocabulary:
    made = CAREVocabulary(concepts=8)
    made.fit(TEXTS)
    return made


@pytest.fixture
def make_care(vocabulary: CAREVocabulary) -> Callable[..., Any]:
    """`make_care(guidance="none")`: a small CARE head on a stream of width 10."""
    from vidcap_care.care_head import CAREHead

    def make(**changes: Any) -> CAREHead:
        torch.manual_seed(0)
        given = {"streams": {"image": 10}, "concepts": 8, "top": 3, **SMALL, **changes}
        return CAREHead(tokenizer=vocabulary, **given).eval()

    return make


@pytest.fixture
def make_nacf(vocabulary: CAREVocabulary) -> Callable[..., Any]:
    """`make_nacf(paradigm="easy_first")`: a small NACF head on a stream of width 10."""
    from vidcap_care.nacf_head import NACFHead

    def make(**changes: Any) -> NACFHead:
        torch.manual_seed(0)
        return NACFHead(tokenizer=vocabulary, **{"streams": {"image": 10}, **SMALL, **changes}).eval()

    return make


@pytest.fixture
def view() -> Callable[..., View]:
    """`view(4)`: two clips of four rows of a stream of width 10."""

    def make(rows: int) -> View:
        values = torch.randn(2, rows, 10, generator=torch.Generator().manual_seed(1))
        stream = Stream(values, torch.ones(2, rows, dtype=torch.bool))
        return View({"image": stream}, (0, 1), (None, None))

    return make


@pytest.fixture
def batch(vocabulary: CAREVocabulary) -> Batch:
    """Three clips with ragged masks and captions."""
    return tiny_batch(tiny_streams({"image": 10}, 3, 5), vocabulary)


@dataclass(frozen=True)
class Golden:
    """What the authors' code gave for small random weights; the numbers lie outside of this repository."""

    folder: Path
    numbers: dict[str, dict[str, Tensor]]
    results: dict[str, Any]
    words: tuple[str, ...]
    vocabulary: CAREVocabulary

    def checkpoint(self, repository: str, model: str) -> dict[str, Any]:
        """What a file that the authors publish holds: weights and options."""
        name = "weights" if model == repository else f"{model}.weights"
        weights = load_file(self.folder / repository / f"{name}.safetensors")
        options = json.loads((self.folder / repository / "meta.json").read_text())["options"][model]
        if repository == "care":
            return {"state_dict": weights, "hyper_parameters": {"opt": options}, "epoch": 3}
        return {"state_dict": weights, "settings": options}

    def write(self, folder: Path, repository: str, model: str) -> Path:
        """Such a file, as torch writes it."""
        path = folder / f"{repository}-{model}.pth.tar"
        torch.save(self.checkpoint(repository, model), path)
        return path

    def write_words(self, folder: Path) -> Path:
        """The list of words beside it."""
        path = folder / "words.txt"
        path.write_text("\n".join(self.words))
        return path

    def view(self, repository: str, letters: str) -> View:
        """Both clips, all rows real; NACF's own repository has a category besides."""
        streams = {}
        for letter in letters:
            values = self.numbers[repository][f"in.feats.{letter}"]
            streams[STREAMS[letter]] = Stream(values, torch.ones(values.shape[:2], dtype=torch.bool))
        if repository == "nacf":
            row = torch.nn.functional.one_hot(self.numbers["nacf"]["in.category"], 5).float()
            streams["category"] = Stream(row, torch.ones(2, 1, dtype=torch.bool))
        return View(streams, (0, 1), (None, None))


@pytest.fixture(scope="session")
def golden(peers: Path) -> Golden:
    """Numbers of both repositories; a test that asks for them is skipped where they are not beside this checkout."""
    meta = json.loads((peers / "care" / "meta.json").read_text())
    words = tuple(meta["vocab"][str(index)] for index in range(len(meta["vocab"])))
    return Golden(
        peers,
        {name: load_file(peers / name / "io.safetensors") for name in ("care", "nacf")},
        meta["results"],
        words,
        CAREVocabulary.from_state({"words": list(words), "concepts": 60, "min_count": 1}),
    )
