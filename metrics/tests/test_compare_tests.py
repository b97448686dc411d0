"""The tests of `vidcap compare` on data whose answer is known: false alarms, power, other implementations."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from scipy import stats

from vidcap_metrics.bootstrap import compare
from vidcap_metrics.errors import DataError
from vidcap_metrics.holm import holm
from vidcap_metrics.metric import Score
from vidcap_metrics.randomisation import randomised
from vidcap_metrics.scorer import Scorer
from vidcap_metrics.seeds import SeedScores, compare_seeds
from vidcap_metrics.signature import Signature
from vidcap_metrics.student import quantile, two_sided

SIGNATURE = Signature("m", "1", "none", (1, 1), "error", 1, 1)
Values = np.ndarray


def score(values: Values, name: str = "m") -> Score:
    by_clip = {str(n): float(v) for n, v in enumerate(values)}
    return Score({name: float(values.mean())}, {name: by_clip}, SIGNATURE)


def run(values: Values) -> SeedScores:
    return SeedScores({"m": float(values.mean())}, {"m": {str(n): float(v) for n, v in enumerate(values)}})


def test_randomisation_is_the_exact_test_over_all_sign_changes() -> None:
    draw = np.random.default_rng(0)
    a, b = draw.normal(0, 1, 10), draw.normal(0.6, 1, 10)
    change = b - a
    signs = np.array(list(itertools.product((-1, 1), repeat=10)))
    exact = (np.abs((signs * change).mean(1)) >= abs(change.mean()) - 1e-12).mean()
    assert randomised(score(a), score(b), samples=40_000)["m"] == pytest.approx(exact, abs=0.01)


def test_randomisation_of_bleu_shuffles_its_counts() -> None:
    """Captions themselves change sides and are scored anew: the same p, drawn with another generator."""
    chance = random.Random(0)
    words = ["a", "man", "dog", "runs", "sits", "plays", "the", "ball"]
    references = {str(n): [" ".join(chance.choices(words, k=7)) for _ in range(3)] for n in range(25)}
    first = {clip: " ".join(chance.choices(words, k=7)) for clip in references}
    second = {
        clip: lines[0] if chance.random() < 0.15 else " ".join(chance.choices(words, k=7))
        for clip, lines in references.items()
    }
    scorer = Scorer(references, ["bleu"])
    found = randomised(scorer.score(first).scores[0], scorer.score(second).scores[0], samples=4000)
    observed = scorer.score(second).values["BLEU-2"] - scorer.score(first).values["BLEU-2"]
    hits = 0
    for _ in range(600):
        pairs = {c: (first[c], second[c]) if chance.random() < 0.5 else (second[c], first[c]) for c in first}
        left, right = (scorer.score({c: pair[i] for c, pair in pairs.items()}) for i in (0, 1))
        hits += abs(right.values["BLEU-2"] - left.values["BLEU-2"]) >= abs(observed) - 1e-12
    assert found["BLEU-2"] == pytest.approx(hits / 600, abs=0.06)  # three standard deviations of 600 draws


def test_randomisation_has_its_size_and_power() -> None:
    """400 experiments without a difference: 20 alarms at 0.05 expected, sd 4.4; with half a deviation: nearly all."""
    draw = np.random.default_rng(7)

    def alarms(shift: float) -> int:
        return sum(
            randomised(score(draw.exponential(1, 60)), score(draw.exponential(1, 60) + shift), 300, seed)["m"]
            <= 0.05
            for seed in range(400)
        )

    assert 7 <= alarms(0.0) <= 33
    assert alarms(0.8) >= 380


def test_a_system_against_itself() -> None:
    values = np.arange(5.0)
    assert randomised(score(values), score(values)) == {"m": 1.0}


def test_holm_by_hand_and_against_scipys_way() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    draw = np.random.default_rng(1)
    for _ in range(50):
        values = draw.random(6)
        order = np.argsort(values)
        steps = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(6, 0, -1)))
        expected = np.empty(6)
        expected[order] = steps
        assert holm(list(values)) == pytest.approx(list(expected))


def test_holm_keeps_false_alarms_of_many_metrics_rare() -> None:
    """Eight values without a difference, 400 experiments: some alarm in a third of them; corrected, in 1 of 20."""
    draw = np.random.default_rng(3)
    plain = correct = 0
    for seed in range(400):
        values = [
            randomised(score(draw.normal(0, 1, 40)), score(draw.normal(0, 1, 40)), 199, seed)["m"]
            for _ in range(8)
        ]
        plain += min(values) <= 0.05
        correct += min(holm(values)) <= 0.05
    assert plain >= 100
    assert correct <= 33


def test_compare_corrects_over_all_its_rows() -> None:
    draw = np.random.default_rng(5)
    hard = draw.normal(5, 3, 80)
    a = {"x": hard, "y": draw.normal(0, 1, 80)}
    b = {"x": hard + draw.normal(0.5, 0.5, 80), "y": draw.normal(0, 1, 80)}

    def several(values: dict[str, Values]) -> Score:
        parts = [score(each, name) for name, each in values.items()]
        return Score(
            {n: v for p in parts for n, v in p.values.items()},
            {n: v for p in parts for n, v in p.clips.items()},
            SIGNATURE,
        )

    x, y = compare(several(a), several(b))
    assert x.sure
    assert not y.sure
    assert [x.holm, y.holm] == pytest.approx(holm([x.randomised, y.randomised]))


@pytest.mark.parametrize("freedom", [1.0, 2.0, 2.7, 5.0, 30.0, 4000.0])
def test_student_is_scipys(freedom: float) -> None:
    for t in (0.0, 0.1, 1.0, 2.0, 5.0, 40.0):
        assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), abs=1e-10)
    assert quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-8)


def experiment(
    draw: np.random.Generator, seeds: int, clips: int, seed_sd: float, shift: float = 0.0
) -> tuple[list[SeedScores], list[SeedScores]]:
    """Two systems: what a clip is worth for both, what it is worth for each, what a seed adds, and noise."""
    common = draw.normal(0, 2, clips)

    def system(mean: float) -> list[SeedScores]:
        own = draw.normal(0, 0.5, clips)
        return [
            run(common + own + mean + draw.normal(0, seed_sd) + draw.normal(0, 0.7, clips))
            for _ in range(seeds)
        ]

    return system(0.0), system(shift)


@pytest.mark.parametrize(("seeds", "seed_sd"), [(3, 0.0), (3, 0.3), (5, 0.3), (2, 0.3)])
def test_the_seeds_test_has_its_size(seeds: int, seed_sd: float) -> None:
    """600 experiments without a difference: 30 alarms at 0.05 expected, sd 5.3; Satterthwaite's is approximate."""
    draw = np.random.default_rng(seeds)
    alarms = sum(compare_seeds(*experiment(draw, seeds, 80, seed_sd))[0].p < 0.05 for _ in range(600))
    assert 3 <= alarms <= 46


def test_a_test_over_clips_alone_takes_luck_of_seeds_for_a_difference() -> None:
    """Why there is a test of seeds: the randomisation of one seed each alarms in far more than one of 20."""
    draw = np.random.default_rng(11)
    alarms = 0
    for number in range(200):
        (a, *_), (b, *_) = experiment(draw, 1, 200, 0.3)
        pair = (score(np.array(list(each.clips["m"].values()))) for each in (a, b))
        alarms += randomised(*pair, 199, number)["m"] <= 0.05
    assert alarms >= 80


def test_the_seeds_test_has_power() -> None:
    draw = np.random.default_rng(2)
    hits = sum(compare_seeds(*experiment(draw, 5, 200, 0.1, shift=0.5))[0].p < 0.05 for _ in range(200))
    assert hits >= 190


def test_the_interval_holds_the_true_difference() -> None:
    draw = np.random.default_rng(4)
    hits = 0
    for _ in range(300):
        (row,) = compare_seeds(*experiment(draw, 4, 60, 0.2, shift=0.3))
        hits += row.low <= 0.3 <= row.high
    assert 273 <= hits <= 297  # 285 expected, sd 3.8


def test_a_value_that_is_no_mean_of_clips_is_tested_over_seeds_as_welch_does() -> None:
    a, b = np.array([0.30, 0.33, 0.31]), np.array([0.36, 0.34, 0.39])

    def runs(values: Values) -> list[SeedScores]:
        return [SeedScores({"B": float(v)}, {"B": {"x": 0.1, "y": 0.2}}) for v in values]

    (row,) = compare_seeds(runs(a), runs(b))
    assert row.clips == 0
    assert row.p == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)


def test_equal_seeds_and_one_seed() -> None:
    values = np.arange(4.0)
    (row,) = compare_seeds([run(values)] * 2, [run(values)] * 2)
    assert (row.p, row.low, row.high) == (1.0, 0.0, 0.0)
    with pytest.raises(DataError, match="B has 1 seed"):
        compare_seeds([run(values)] * 2, [run(values)])
