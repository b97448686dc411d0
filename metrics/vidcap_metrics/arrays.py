"""Integer arrays: their types, and how values of sorted ones are found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Indices = NDArray[np.int64] | NDArray[np.int32]
Floats = NDArray[np.float64]


def shift(values: Ints, by: int) -> Ints:
    """The value `by` places further on; the last ones get -1."""
    return np.append(values[by:], np.full(min(by, len(values)), -1))


def fresh(values: Ints) -> NDArray[np.bool_]:
    """Where a sorted array has a value for the first time."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def locate(ordered: Ints, wanted: Ints) -> Ints:
    """Places of values in a sorted array, -1 for those it does not have."""
    if not len(ordered):
        return np.full(len(wanted), -1)
    order = np.argsort(wanted)  # a search that moves forward stays in the processor's cache
    wanted = wanted[order]
    index = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    out = np.empty(len(wanted), np.int64)
    out[order] = np.where(ordered[index] == wanted, index, -1)
    return out


def expand(first: Indices, last: Indices) -> tuple[Ints, Ints]:
    """All places of many ranges, and which range each belongs to."""
    sizes = last - first
    owner = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) - np.repeat(starts - first, sizes), owner


def bincount(index: Indices, weights: NDArray[Any], size: int) -> Floats:
    """Sum the weights that share an index."""
    return np.bincount(index, weights=weights, minlength=size).astype(np.float64, copy=False)
