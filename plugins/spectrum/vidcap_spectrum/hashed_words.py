"""A text encoder without weights: for tests and toy data, where no language model is at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidcap_core.api import Encoder, Stream, flatten_texts, regroup_texts, text_rule

clean = text_rule("words")


class HashedWords(Encoder):
    """A text is the sum of a fixed random vector for each of its words, divided by the root of their number.

    dim: width of the vectors.
    seed: of the vectors.
    """

    reads = "text"

    def __init__(self, *, dim: int = 64, seed: int = 0) -> None:
        super().__init__()
        self.dim, self.seed = dim, seed
        self.sampling = {}
        self._vector = lru_cache(maxsize=100_000)(self._make)

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        """Texts, one or several a clip -> [B, texts, dim]."""
        texts, counts = flatten_texts(x)
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            words = clean(text).split()
            for word in words:
                row += self._vector(word)
            row /= max(1, len(words)) ** 0.5
        return regroup_texts(torch.from_numpy(rows), counts)

    def describe(self) -> dict[str, Any]:
        """Width and seed."""
        return {"dim": self.dim, "seed": self.seed}

    def _make(self, word: str) -> np.ndarray:
        digest = hashlib.sha256(f"{self.seed} {word}".encode()).digest()
        random = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        return random.standard_normal(self.dim).astype(np.float32)
