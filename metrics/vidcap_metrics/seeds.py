"""Two systems, each trained with several seeds: would other seeds and other clips say the same?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vidcap_metrics.arrays import Floats
from vidcap_metrics.errors import DataError
from vidcap_metrics.holm import holm
from vidcap_metrics.student import quantile, two_sided

SAME = 1e-6
"""A corpus value this near to the mean of its clips' values is that mean."""


@dataclass(frozen=True)
class SeedScores:
    """What one run scored: values over its clips, and the values of each clip."""

    values: Mapping[str, float]
    clips: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class SeedComparison:
    """System A against system B by one value."""

    name: str
    a: float
    b: float
    low: float
    high: float
    p: float
    """two-sided, of Student's t"""
    holm: float
    """the same, corrected for the number of values"""
    freedom: float
    seeds: tuple[int, int]
    clips: int
    """clips the test draws; 0: a value that is no mean over clips, and the test knows of seeds alone"""

    @property
    def difference(self) -> float:
        """B − A."""
        return self.b - self.a


def compare_seeds(
    a: Sequence[SeedScores], b: Sequence[SeedScores], level: float = 0.95
) -> list[SeedComparison]:
    """t tests of B − A, values averaged over seeds; seeds of A and of B are drawn apart, clips are the same for both.

    With y a clip's value, d_c its difference of the means over seeds, s² the variance of the seeds' values and e the
    residual that seed and clip leave:

        V = var(d) / C + s²_A / n_A + s²_B / n_B − (e²_A / n_A + e²_B / n_B) / C

    with Satterthwaite's degrees of freedom. The last term is in the first as well as in those of the seeds.
    """
    for name, runs in (("A", a), ("B", b)):
        if len(runs) < 2:
            raise DataError(
                f"{name} has {len(runs)} seed: how much seeds differ cannot be known from it",
                hint="vidcap sweep CONFIG --seeds 3, or more",
            )
    names = [name for name in a[0].values if all(name in run.values for run in (*a, *b))]
    rows = [_compared(name, a, b, level) for name in names]
    corrected = holm([row.p for row in rows])
    return [SeedComparison(**{**vars(row), "holm": each}) for row, each in zip(rows, corrected, strict=True)]


def seed_intervals(runs: Sequence[SeedScores], level: float = 0.95) -> dict[str, tuple[float, float]]:
    """{value: interval of its mean} over seeds and clips at once, by the terms of `compare_seeds` for one system."""
    if len(runs) < 2:
        raise DataError(
            "an interval over seeds needs two seeds or more", hint="vidcap sweep CONFIG --seeds 3"
        )
    intervals = {}
    for name in runs[0].values:
        if all(name in run.values for run in runs):
            values = np.array([run.values[name] for run in runs])
            table = _table(name, runs)
            by_seed = [np.array(list(table.values()))] if len(table) > 1 else []
            variance, freedom = _variance([values], by_seed)
            half = quantile(freedom, level) * math.sqrt(variance) if variance else 0.0
            intervals[name] = float(values.mean()) - half, float(values.mean()) + half
    return intervals


def _compared(name: str, a: Sequence[SeedScores], b: Sequence[SeedScores], level: float) -> SeedComparison:
    first, second = (np.array([run.values[name] for run in runs]) for runs in (a, b))
    tables = [_table(name, runs) for runs in (a, b)]
    clips = sorted(set.intersection(*(set(each) for each in tables))) if all(tables) else []
    clips = clips if len(clips) > 1 else []
    by_seed = [np.array([table[clip] for clip in clips]) for table in tables] if clips else []
    variance, freedom = _variance([first, second], by_seed)
    difference = float(second.mean() - first.mean())
    error = math.sqrt(variance)
    if not error:
        p, half = float(difference == 0), 0.0
    else:
        p, half = two_sided(difference / error, freedom), quantile(freedom, level) * error
    return SeedComparison(
        name,
        float(first.mean()),
        float(second.mean()),
        difference - half,
        difference + half,
        p,
        p,
        freedom,
        (len(first), len(second)),
        len(clips),
    )


def _variance(values: Sequence[Floats], by_seed: Sequence[Floats]) -> tuple[float, float]:
    """V of the last system's mean, less the first's where there are two, and its degrees of freedom.

    values: of the seeds of each system; by_seed: [clips, seeds] of each, or nothing where clips do not count.
    """
    seeds = [(float(each.var(ddof=1)) / len(each), len(each) - 1) for each in values]
    terms, variance = seeds, sum(value for value, _ in seeds)
    if by_seed:
        clips = len(by_seed[0])
        means = by_seed[-1].mean(1) - (by_seed[0].mean(1) if len(by_seed) > 1 else 0.0)
        rest = [_residual(each) / each.shape[1] / clips for each in by_seed]
        over_clips = float(means.var(ddof=1)) / clips
        floor = max(over_clips, variance)  # an estimate may come out below its parts
        variance = max(variance + over_clips - sum(rest), floor)
        terms = [*seeds, (over_clips, clips - 1)]
    spread = sum(value**2 / freedom for value, freedom in terms)
    fewest = float(min(len(each) for each in values) - 1)
    return variance, max(fewest, variance**2 / spread) if spread else fewest


def _table(name: str, runs: Sequence[SeedScores]) -> dict[str, list[float]]:
    """{clip: values of the seeds}, of clips that every seed has; none where the value is not their mean."""
    by_run = [run.clips.get(name, {}) for run in runs]
    for run, values in zip(runs, by_run, strict=True):
        if not values or abs(sum(values.values()) / len(values) - run.values[name]) > SAME:
            return {}
    return {clip: [values[clip] for values in by_run] for clip in by_run[0] if all(clip in v for v in by_run)}


def _residual(values: Floats) -> float:
    """Mean square of what neither the clip nor the seed explains, of values [clips, seeds]."""
    rest = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
    clips, seeds = values.shape
    return float((rest**2).sum() / ((clips - 1) * (seeds - 1)))
