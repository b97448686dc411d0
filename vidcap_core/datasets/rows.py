"""Which rows of the streams of a clip are kept: the same moments in every stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vidcap_core.video.sampling import KINDS, count, frame_times


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


def moments(
    recipes: Mapping[str, Mapping[str, Any]], lengths: Mapping[str, int], span: tuple[float, float]
) -> dict[str, np.ndarray]:
    """When the rows of each stream of a clip are, by the recipe of its store; none where the span is not known."""
    if span[1] <= span[0]:
        return {}
    return {name: _by_recipe(recipes.get(name, {}), span, rows) for name, rows in lengths.items()}


def _by_recipe(recipe: Mapping[str, Any], span: tuple[float, float], rows: int) -> np.ndarray:
    """By the recipe, where it makes as many rows of a span; else evenly spread."""
    seconds, sampling = recipe.get("row_seconds"), recipe.get("sampling")
    if isinstance(seconds, float):
        return np.asarray(np.minimum(span[0] + (np.arange(rows) + 0.5) * seconds, span[1]))
    if isinstance(sampling, dict) and "rate" in sampling and sampling.get("kind") in KINDS:
        group = sampling.get("size") or sampling.get("count") or 1
        size = count(sampling, *span)
        if rows and size in (rows, rows * group):
            return np.asarray(frame_times(sampling, *span).reshape(rows, -1).mean(1))
    return row_times(span, rows)


def row_times(span: tuple[float, float], rows: int) -> np.ndarray:
    """When the rows of a stream are that were taken evenly of a span: in the middles of equal parts."""
    start, end = span
    return np.asarray(start + (np.arange(rows) + 0.5) * (end - start) / max(1, rows))


def crop(values: np.ndarray, start: float, end: float, duration: float) -> np.ndarray:
    """The rows of a stream that lie between two moments; at least one."""
    first = min(len(values) - 1, int(start / duration * len(values)))
    last = max(first + 1, int(np.ceil(end / duration * len(values))))
    return values[first:last]
