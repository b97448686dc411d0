"""How sure a number is: bootstrap intervals, and paired tests between two systems, over clips.

Clips are drawn with replacement; document frequencies (CIDEr) stay those of the whole set. A corpus value
that is not the mean of its clips' values is recomputed where the metric says how (BLEU); else the mean stands
in for it, and its interval is moved to the corpus value (METEOR).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vidcap_metrics.arrays import Floats
from vidcap_metrics.errors import DataError
from vidcap_metrics.holm import holm
from vidcap_metrics.metric import Score
from vidcap_metrics.randomisation import randomised

LEVEL = 0.05
"""A corrected p below this is called sure."""


@dataclass(frozen=True)
class Interval:
    """Where a value lies with the given probability."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """System A against system B on the same clips."""

    name: str
    a: float
    b: float
    low: float
    high: float
    p: float
    """two-sided: how often resampling turns the sign of the difference"""
    randomised: float
    """two-sided, of approximate randomisation"""
    holm: float
    """`randomised`, corrected for the number of values that are compared (Holm)"""

    @property
    def difference(self) -> float:
        """B − A."""
        return self.b - self.a

    @property
    def sure(self) -> bool:
        """Whether the corrected p of approximate randomisation is below 0.05."""
        return self.holm < LEVEL


def intervals(score: Score, samples: int = 1000, level: float = 0.95, seed: int = 0) -> dict[str, Interval]:
    """Percentile intervals of every value that has per-clip values."""
    drawn = _resampled(score, _draws(len(_clips(score)), samples, seed))
    edges = (50 * (1 - level), 50 * (1 + level))
    return {name: Interval(*map(float, np.percentile(values, edges))) for name, values in drawn.items()}


def compare(a: Score, b: Score, samples: int = 1000, level: float = 0.95, seed: int = 0) -> list[Comparison]:
    """Paired bootstrap of B − A (the same clips are drawn for both), and approximate randomisation."""
    if _clips(a) != _clips(b):
        raise DataError(
            "the two systems were scored on different clips", hint="score both with --missing zero"
        )
    draws = _draws(len(_clips(a)), samples, seed)
    first, second = _resampled(a, draws), _resampled(b, draws)
    edges = (50 * (1 - level), 50 * (1 + level))
    shuffled = randomised(a, b, samples, seed)
    out = []
    for name in first:
        difference = second[name] - first[name]
        low, high = map(float, np.percentile(difference, edges))
        tail = min(int((difference <= 0).sum()), int((difference >= 0).sum()))
        p = min(1.0, 2 * (tail + 1) / (samples + 1))
        by_chance = shuffled[name]
        out.append(Comparison(name, a.values[name], b.values[name], low, high, p, by_chance, by_chance))
    return corrected(out)


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same with Holm's correction over all of them: call it again where several lists become one."""
    values = holm([comparison.randomised for comparison in comparisons])
    return [replace(row, holm=value) for row, value in zip(comparisons, values, strict=True)]


def _clips(score: Score) -> list[str]:
    return list(next(iter(score.clips.values()), {}))


def _draws(clips: int, samples: int, seed: int) -> Floats:
    """[samples, clips]: how often each clip is drawn."""
    if clips < 2:
        raise DataError(f"{clips} clip cannot be resampled", hint="score at least two clips")
    return (
        np.random.default_rng(seed).multinomial(clips, np.full(clips, 1 / clips), samples).astype(np.float64)
    )


def _resampled(score: Score, draws: Floats) -> dict[str, Floats]:
    if score.additive is not None:
        return score.additive.combine(draws @ score.additive.parts)
    out = {}
    for name, by_clip in score.clips.items():
        values = np.array(list(by_clip.values()))
        out[name] = draws @ values / len(values) + (score.values[name] - values.mean())
    return out
