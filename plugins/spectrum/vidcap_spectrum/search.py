"""The captions nearest to a clip, by exact matrix products in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CAPTIONS, CLIPS = 8192, 1024
"""Captions and clips of one block: 32 MiB of scores."""


@dataclass(frozen=True)
class Database:
    """Different captions: `rows` [U, D]; `owner` [U], the number of the only clip that says it, or -1 for several."""

    rows: Tensor
    owner: Tensor
    clips: tuple[str, ...]

    def number(self, clip: str) -> int:
        """The number of a clip; -2 for one that owns nothing here."""
        return self._numbers.get(clip, -2)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numbers", {clip: number for number, clip in enumerate(self.clips)})
        object.__setattr__(self, "_scale", self.rows.norm(dim=1).clamp_min(1e-12).reciprocal())

    _numbers: dict[str, int] = None  # type: ignore[assignment]  # made from `clips`
    _scale: Tensor = None  # type: ignore[assignment]  # made from `rows`

    def nearest(
        self, queries: Tensor, own: Tensor, top: int, captions: int = CAPTIONS, clips: int = CLIPS
    ) -> tuple[Tensor, Tensor]:
        """Cosines and numbers of the `top` captions [Q, top] that clip own[q] alone does not say.

        Exact: each block's scores are computed whole, and only the best so far are kept. Numbers are -1 where
        there are fewer captions.
        """
        parts = [
            self._block(queries[i : i + clips], own[i : i + clips], top, captions)
            for i in range(0, len(queries), clips)
        ]
        return torch.cat([scores for scores, _ in parts]), torch.cat([numbers for _, numbers in parts])

    def _block(self, queries: Tensor, own: Tensor, top: int, size: int) -> tuple[Tensor, Tensor]:
        queries = torch.nn.functional.normalize(queries, dim=-1)
        best_scores = queries.new_full((len(queries), top), -torch.inf)
        best_numbers = torch.full_like(best_scores, -1, dtype=torch.long)
        for first in range(0, len(self.rows), size):
            part = slice(first, first + size)
            scores = (queries @ self.rows[part].T).mul_(self._scale[part])
            scores.masked_fill_(self.owner[part] == own[:, None], -torch.inf)
            here = scores.topk(min(top, scores.shape[1]), -1)
            both = torch.cat([best_scores, here.values], 1)
            numbers = torch.cat([best_numbers, here.indices + first], 1)
            order = both.sort(dim=1, descending=True, stable=True).indices[:, :top]
            best_scores, best_numbers = both.gather(1, order), numbers.gather(1, order)
        return best_scores, best_numbers.masked_fill(best_scores == -torch.inf, -1)


def owners(captions: Mapping[str, Sequence[str]]) -> tuple[list[str], Tensor]:
    """Each caption once, and the number of the clip that alone says it, or -1."""
    by: dict[str, int] = {}
    for number, texts in enumerate(captions.values()):
        for text in texts:
            by[text] = number if by.get(text, number) == number else -1
    return list(by), torch.tensor(list(by.values()), dtype=torch.long)


def own_captions(captions: Mapping[str, Sequence[str]]) -> tuple[list[str], list[list[int]]]:
    """Each caption once, and for each clip the numbers of those it says."""
    numbers: dict[str, int] = {}
    own = [[numbers.setdefault(text, len(numbers)) for text in texts] for texts in captions.values()]
    return list(numbers), own


def recall(
    queries: Tensor, rows: Tensor, own: Sequence[Sequence[int]], ranks: Sequence[int]
) -> dict[int, float]:
    """R@k: the share of clips that find one of their own captions among the k nearest of all captions."""
    scores = torch.nn.functional.normalize(queries, dim=-1) @ torch.nn.functional.normalize(rows, dim=-1).T
    mine = torch.zeros(scores.shape, dtype=torch.bool)
    for row, numbers in zip(mine, own, strict=True):
        row[list(numbers)] = True
    best = scores.masked_fill(~mine, -torch.inf).amax(1, keepdim=True)
    rank = (scores.masked_fill(mine, -torch.inf) > best).sum(1)
    return {k: float((rank < k).float().mean()) for k in ranks}
