"""What the authors' code gave for small random weights, and small captioners."""

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

from vidcap_core.api import Stream, Tokenizer, View, build_component
from vidcap_core.testing import TEXTS

SMALL = {"grid": (2, 2, 2), "between": 12, "width": 16, "heads": 2, "feed": 24, "layers": 2, "max_length": 12}


@pytest.fixture(scope="session")
def vocabulary() -> Tokenizer:
    made: Tokenizer = build_component("tokenizers", {"type": "Vocabulary", "specials": ["[MASK]"]})
    made.fit([*TEXTS, "a man is cooking food in the kitchen", "a dog is running on the grass"])
    return made


@pytest.fixture
def make(vocabulary: Tokenizer) -> Callable[..., Any]:
    """`make(mask="full")`: a small head over eight video tokens of width 10."""
    from vidcap_swinbert.head import SwinBERTHead

    def build(**changes: Any) -> SwinBERTHead:
        torch.manual_seed(0)
        return SwinBERTHead(tokenizer=vocabulary, **{"streams": {"video": 10}, **SMALL, **changes}).eval()

    return build


@pytest.fixture
def view() -> View:
    """Two clips of eight tokens."""
    values = torch.randn(2, 8, 10, generator=torch.Generator().manual_seed(1))
    return View({"video": Stream(values, torch.ones(2, 8, dtype=torch.bool))}, (0, 1), (None, None))


@dataclass(frozen=True)
class Golden:
    """Numbers of the authors' code; they lie outside of this repository."""

    folder: Path
    numbers: dict[str, Tensor]
    meta: dict[str, Any]

    @property
    def weights(self) -> dict[str, Tensor]:
        """The state dict, under the authors' names."""
        return load_file(self.folder / "weights.safetensors")

    def files(self, folder: Path) -> dict[str, Path]:
        """What lies beside a checkpoint: words and options."""
        words, options = folder / "vocab.txt", folder / "args.json"
        words.write_text("\n".join(self.meta["vocab"]) + "\n")
        heads = {"num_attention_heads": self.meta["bert"]["num_attention_heads"]}
        options.write_text(json.dumps({**self.meta["args"], **heads}))
        return {"words": words, "options": options}


@pytest.fixture(scope="session")
def golden(peers: Path) -> Golden:
    """Skipped where the numbers are not beside this checkout."""
    folder = peers / "swinbert"
    return Golden(
        folder, load_file(folder / "io.safetensors"), json.loads((folder / "meta.json").read_text())
    )
