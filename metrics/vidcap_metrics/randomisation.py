"""Approximate randomisation (Noreen, 1989): could it be chance which system said which caption?"""

from __future__ import annotations

import numpy as np

from vidcap_metrics.arrays import Floats
from vidcap_metrics.metric import Score

EQUAL = 1e-12
"""A shuffled difference that is smaller by no more than rounding counts as large."""


def randomised(a: Score, b: Score, samples: int = 1000, seed: int = 0) -> dict[str, float]:
    """Two-sided p of each value: the share of shuffles whose difference is as large as the observed one.

    In a shuffle each clip's two captions change sides with probability 1/2. p = (1 + as large) / (1 + samples).
    Both scores are of the same clips in the same order.
    """
    clips = len(next(iter(a.clips.values()), {}))
    swap = np.random.default_rng(seed).integers(0, 2, (samples, clips)).astype(np.float64)
    observed = _differences(a, b, np.zeros((1, clips)))
    shuffled = _differences(a, b, swap)
    return {
        name: (1 + int((np.abs(values) >= abs(observed[name][0]) - EQUAL).sum())) / (1 + samples)
        for name, values in shuffled.items()
    }


def _differences(a: Score, b: Score, swap: Floats) -> dict[str, Floats]:
    """B − A by value, for each row of `swap` [samples, clips]: 1 where the clip's captions changed sides."""
    if a.additive is not None and b.additive is not None:
        moved = swap @ (b.additive.parts - a.additive.parts)
        first = a.additive.combine(a.additive.parts.sum(0) + moved)
        second = b.additive.combine(b.additive.parts.sum(0) - moved)
        return {name: second[name] - first[name] for name in first}
    out = {}
    for name, by_clip in a.clips.items():
        change = np.array([b.clips[name][clip] - value for clip, value in by_clip.items()])
        out[name] = (1 - 2 * swap) @ change / len(change)
    return out
