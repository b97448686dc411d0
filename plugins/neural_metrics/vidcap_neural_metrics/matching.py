"""Greedy matching of rows by cosine, and the weights of tokens: what BERTScore and EMScore share.

P = Σ_i w_i max_j cos(i, j) / Σ w_i  over the caption's tokens i;  R the same over the other side's rows
F = 2PR / (P + R)
idf(t) = log((N + 1) / (df(t) + 1)) over N texts
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from torch import Tensor

PRF = tuple[float, float, float]


def greedy(caption: Tensor, weights: Tensor, other: Tensor, other_weights: Tensor) -> PRF:
    """P, R, F of rows of length 1 [T, dim] and [S, dim] with their weights; where all are 0, rows count alike."""
    similar = caption @ other.T
    precision = _weighted(similar.max(1).values, weights)
    recall = _weighted(similar.max(0).values, other_weights)
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total else 0.0


def best(results: Iterable[PRF]) -> PRF:
    """The largest P, the largest R and the largest F over references, each by itself, as the published code does."""
    precisions, recalls, scores = zip(*results, strict=True)
    return max(precisions), max(recalls), max(scores)


def frequencies(texts: Iterable[Iterable[int]]) -> tuple[Counter[int], int]:
    """In how many texts each token is, and the number of texts."""
    counts: Counter[int] = Counter()
    total = 0
    for ids in texts:
        counts.update(set(ids))
        total += 1
    return counts, total


def idf(ids: Iterable[int], counts: Mapping[int, int], total: int) -> list[float]:
    """The weight of each token."""
    return [math.log((total + 1) / (counts.get(token, 0) + 1)) for token in ids]


def _weighted(values: Tensor, weights: Tensor) -> float:
    total = weights.sum()
    return float((values * weights).sum() / total) if total else float(values.mean())
