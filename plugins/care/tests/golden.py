"""What the authors' code gave for small random weights; the numbers lie outside of this repository."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from vidcap_care.layout import STREAMS
from vidcap_care.vocabulary import CAREVocabulary
from vidcap_core.api import Stream

SIZES = {"audio": 7, "motion": 11, "image": 9, "retrieved": 10}
SMALL = {"width": 32, "heads": 4, "feed": 48, "max_length": 12}


@lru_cache
def folder(name: str) -> Path:
    """The golden of a repository; a test that asks for one that is not there is skipped."""
    for parent in Path(__file__).resolve().parents:
        for there in (parent / "shared", parent.parent / "shared"):
            if (path := there / "golden" / "peers" / name / "io.safetensors").is_file():
                return path.parent
    pytest.skip(f"the golden {name} (shared/golden/peers) is not beside this checkout")


@lru_cache
def numbers(name: str) -> dict[str, Tensor]:
    """Inputs and outputs."""
    return load_file(folder(name) / "io.safetensors")


@lru_cache
def results() -> dict[str, Any]:
    """Texts that the authors' code wrote."""
    return dict(json.loads((folder("care") / "meta.json").read_text())["results"])


@lru_cache
def words() -> tuple[str, ...]:
    """The vocabulary of both goldens, in the order of ids."""
    table = json.loads((folder("care") / "meta.json").read_text())["vocab"]
    return tuple(table[str(index)] for index in range(len(table)))


@lru_cache
def vocabulary() -> CAREVocabulary:
    """The same as a tokenizer."""
    return CAREVocabulary.from_state({"words": list(words()), "concepts": 60, "min_count": 1})


def streams(name: str, letters: str) -> dict[str, Stream]:
    """Features of both clips, all real; NACF's own repository has a category besides."""
    made = {}
    for letter in letters:
        values = numbers(name)[f"in.feats.{letter}"]
        made[STREAMS[letter]] = Stream(values, torch.ones(values.shape[:2], dtype=torch.bool))
    if name == "nacf":
        row = torch.nn.functional.one_hot(numbers(name)["in.category"], 5).float()
        made["category"] = Stream(row, torch.ones(2, 1, dtype=torch.bool))
    return made
