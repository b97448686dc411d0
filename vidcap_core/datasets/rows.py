"""Which rows of the streams of a clip are kept: the same moments in every stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True, slots=True)
class RowSampling:
    """`count` moments of a clip.

    uniform: the first and last row and what lies evenly between; row_k = round(k (T - 1) / (count - 1)).
    segment: one random moment in each of `count` equal parts, the same one for all streams.
    A stream with fewer rows repeats some; `every=True` keeps a shorter stream as it is.
    """

    kind: Literal["uniform", "segment"] = "uniform"
    count: int = 28
    every: bool = False

    def __call__(self, lengths: Mapping[str, int], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The indices of the chosen rows of each stream."""
        shift = rng.random(self.count) if self.kind == "segment" else None
        return {name: self._rows(length, shift) for name, length in lengths.items()}

    def _rows(self, length: int, shift: np.ndarray | None) -> np.ndarray:
        if length == 0 or (self.every and length <= self.count):
            return np.arange(length)
        if shift is None:
            return np.asarray(np.linspace(0, length - 1, self.count).round(), dtype=int)
        return np.asarray((np.arange(self.count) + shift) / self.count * length, dtype=int).clip(
            0, length - 1
        )


def row_times(span: tuple[float, float], rows: int) -> np.ndarray:
    """When the rows of a stream are that were taken evenly of a span: in the middles of equal parts."""
    start, end = span
    return np.asarray(start + (np.arange(rows) + 0.5) * (end - start) / max(1, rows))


def crop(values: np.ndarray, start: float, end: float, duration: float) -> np.ndarray:
    """The rows of a stream that lie between two moments; at least one."""
    first = min(len(values) - 1, int(start / duration * len(values)))
    last = max(first + 1, int(np.ceil(end / duration * len(values))))
    return values[first:last]
