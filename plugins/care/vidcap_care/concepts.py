"""Concepts of a clip: which words its captions will likely hold, as guidance for the decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Guidance(NamedTuple):
    """Logits [B, C] of concepts, the likeliest of them [B, k] as ids and states, and what every word gets."""

    logits: Tensor
    best: Tensor
    states: Tensor
    shared: Tensor | None


class Concepts(nn.Module):
    """p = sigmoid(W [mean of each stream]); the top k become states LN(embedding + rank), all together W' p.

    W' p is added to every word (global guidance) and sends no gradient to p.
    """

    def __init__(
        self, names: Sequence[str], width: int, count: int, top: int, dropout: float, add_to_words: bool
    ) -> None:
        super().__init__()
        self.names, self.count, self.top = list(names), count, top
        self.predict = nn.Linear(width * len(self.names), count)
        self.embed = nn.Embedding(count, width)
        self.rank = nn.Embedding(top, width)
        self.norm = nn.LayerNorm(width, 1e-12)
        self.dropout = nn.Dropout(dropout)
        self.add_to_words = nn.Linear(count, width, bias=False) if add_to_words else None

    def forward(self, means: Mapping[str, Tensor]) -> Guidance:
        """Of the mean state of each stream."""
        logits = self.predict(torch.cat([means[name] for name in self.names], -1))
        chance = logits.sigmoid()
        best = chance.topk(self.top).indices
        states = self.dropout(self.norm(self.embed(best) + self.rank.weight))
        shared = None if self.add_to_words is None else self.add_to_words(chance.detach())
        return Guidance(logits, best, states, shared)
