"""Texts as vectors, in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

BLOCK = 256


@torch.no_grad()
def embed_texts(encoder: Any, texts: Sequence[str]) -> Tensor:
    """[texts, dim]; texts of a block have about the same length, so that little is padding."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    rows = torch.empty(len(texts), encoder.dim)
    for start in range(0, len(order), BLOCK):
        chosen = order[start : start + BLOCK]
        rows[torch.tensor(chosen)] = encoder([texts[index] for index in chosen]).values[:, 0].float().cpu()
    return rows
