"""Intervals and paired tests."""

from __future__ import annotations

import random

import numpy as np
import pytest

from vidcap_metrics.bootstrap import compare, intervals
from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Score
from vidcap_metrics.scorer import Scorer
from vidcap_metrics.signature import Signature

SIGNATURE = Signature("m", "1", "none", (1, 1), "error", 1, 1)


def flat(values: list[float], name: str = "m") -> Score:
    return Score({name: float(np.mean(values))}, {name: {str(n): v for n, v in enumerate(values)}}, SIGNATURE)


def test_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    found = intervals(flat(list(values)), samples=4000)["m"]
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_coverage() -> None:
    """The percentile interval of 60 normal values holds the true mean in about 94 of 100 experiments.

    400 experiments: 376 hits expected, standard deviation 4.7; three of those either way.
    """
    draw = np.random.default_rng(0)
    hits = 0
    for seed in range(400):
        found = intervals(flat(list(draw.normal(0, 1, 60))), samples=300, seed=seed)["m"]
        hits += found.low <= 0 <= found.high
    assert 362 <= hits <= 390


def test_the_same_seed_gives_the_same_interval() -> None:
    score = flat([1.0, 2.0, 4.0, 8.0])
    assert intervals(score, seed=3) == intervals(score, seed=3) != intervals(score, seed=4)


def test_paired_test_sees_what_unpaired_intervals_hide() -> None:
    draw = np.random.default_rng(2)
    hard = draw.normal(5, 3, 100)
    a, b = flat(list(hard)), flat(list(hard + draw.normal(0.3, 0.2, 100)))
    (found,) = compare(a, b)
    assert found.sure
    assert found.low > 0
    assert found.p < 0.01
    assert found.difference == pytest.approx(b.values["m"] - a.values["m"])
    first, second = intervals(a)["m"], intervals(b)["m"]
    assert first.high > second.low


def test_a_system_against_itself_is_not_better() -> None:
    score = flat([1.0, 2.0, 3.0, 4.0])
    (found,) = compare(score, score)
    assert (found.low, found.high, found.p, found.sure) == (0, 0, 1, False)


def test_false_alarms_are_rare() -> None:
    """Two systems of equal worth: about one test in twenty is sure."""
    draw = np.random.default_rng(5)
    alarms = sum(
        compare(flat(list(draw.normal(0, 1, 80))), flat(list(draw.normal(0, 1, 80))), samples=300)[0].sure
        for _ in range(200)
    )
    assert 1 <= alarms <= 22


def test_bleu_is_recomputed_from_its_counts() -> None:
    """Corpus BLEU of a resample is not the mean of the clips': each drawn once, it is the corpus value."""
    chance = random.Random(0)
    words = ["a", "man", "dog", "runs", "sits", "plays", "the", "ball"]
    references = {str(n): [" ".join(chance.choices(words, k=7)) for _ in range(3)] for n in range(30)}
    score = (
        Scorer(references, ["bleu"])
        .score({c: " ".join(chance.choices(words, k=6)) for c in references})
        .scores[0]
    )
    assert score.additive is not None
    once = score.additive.combine(np.ones((1, 30)) @ score.additive.parts)
    for name, value in score.values.items():
        assert once[name][0] == pytest.approx(value, abs=1e-12)
        found = intervals(score)[name]
        assert found.low <= value <= found.high


def test_bad_input() -> None:
    with pytest.raises(DataError, match="1 clip cannot be resampled"):
        intervals(flat([1.0]))
    with pytest.raises(DataError, match="different clips"):
        compare(flat([1.0, 2.0]), flat([1.0, 2.0, 3.0]))
