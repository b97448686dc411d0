"""SODA_c: the official values in every convention, and the assignment against trying everything."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from vidcap_metrics.event import Event
from vidcap_metrics.scorer import ScoreWarning
from vidcap_metrics.soda import SodaC, best_in_order


class Overlap:
    """A stand-in for METEOR, done by head: the share of the caption's words that the reference has."""

    def prepare_all(self, sentences: Any) -> None:
        """Nothing to look up."""

    def stats(self, hypothesis: str, references: list[str]) -> float:
        words = hypothesis.split()
        return sum(word in references[0].split() for word in words) / len(words)

    def segment_score(self, stats: float) -> float:
        return stats

    def aggregate(self, stats: list[float]) -> float:
        return float(np.mean(stats))


@pytest.mark.parametrize(
    ("annotators", "expected"),
    [
        ("mean", {"SODA_c": 4.5542, "SODA_c-F1@1": 5.1624}),
        ("mean", {"SODA_c-P@2": 4.3662, "SODA_c-R@2": 3.8413, "SODA_c-F1@2": 3.9460}),
        ("merged", {"SODA_c": 4.3106}),
        ("multi", {"SODA_c": 5.9603}),
    ],
)
def test_golden(golden: Any, meteor: Any, annotators: Any, expected: dict[str, float]) -> None:
    """Official values to every printed digit."""
    scores = SodaC(annotators=annotators, meteor=meteor).scorer(golden.files).score(golden.predictions)
    found = {name: round(100 * scores.values[name], 4) for name in expected}
    assert found == expected
    assert str(scores.scores[0].signature).startswith(f"soda_c-{annotators}|")


def test_best_in_order_against_every_choice() -> None:
    """The recursion finds what trying all order-preserving matches finds."""
    draw = random.Random(0)
    for _ in range(60):
        rows, columns = draw.randint(1, 4), draw.randint(1, 4)
        weight = np.array([[draw.random() for _ in range(columns)] for _ in range(rows)])
        best = max(
            sum(weight[i, j] for i, j in zip(left, right, strict=True))
            for size in range(min(rows, columns) + 1)
            for left in itertools.combinations(range(rows), size)
            for right in itertools.combinations(range(columns), size)
        )
        assert best_in_order(weight) == pytest.approx(best)


def test_long_lists_do_not_overflow() -> None:
    """Two thousand events on either side; the published recursion stops at about a thousand."""
    assert best_in_order(np.eye(2000)) == 2000


def test_by_hand() -> None:
    """Two references, three predictions; the two that match are told in order.

    tIoU 10/10 and 5/10; overlap of the reference in the prediction 1 and 1/2: D = 1 + 0.25.
    P = 1.25 / 3, R = 1.25 / 2, F1 = 2 · 1.25 / (3 + 2) = 0.5.
    """
    references = {"v": [Event(20, 30, "cat sits"), Event(0, 10, "dog runs")]}
    predictions = {"v": [Event(0, 10, "dog runs"), Event(20, 25, "cat here"), Event(40, 50, "dog runs")]}
    found = SodaC(meteor=Overlap()).scorer(references).score(predictions).values
    assert found["SODA_c-P"] == pytest.approx(1.25 / 3, abs=1e-6)
    assert found["SODA_c-R"] == pytest.approx(1.25 / 2, abs=1e-6)
    assert found["SODA_c"] == pytest.approx(0.5, abs=1e-6)


def test_roles_are_swapped() -> None:
    """METEOR gets the reference as the caption: of its 2 words the prediction has 1."""
    found = (
        SodaC(meteor=Overlap()).scorer({"v": [Event(0, 10, "dog runs")]}).score({"v": [Event(0, 10, "dog")]})
    )
    assert found.values["SODA_c"] == pytest.approx(0.5, abs=1e-6)


def test_order_matters() -> None:
    """The same two events told the wrong way round: only one of them counts."""
    references = {"v": [Event(0, 10, "dog"), Event(5, 15, "cat")]}
    told = {"v": [Event(0, 10, "cat"), Event(5, 15, "dog")]}
    found = SodaC(meteor=Overlap()).scorer(references).score(told).values
    assert found["SODA_c"] == pytest.approx(2 * (5 / 15) / 4, abs=1e-6)


def test_annotator_without_the_clip_is_left_out() -> None:
    """The second annotator knows only one clip: the mean is over the annotators' own clips."""
    one = {"a": [Event(0, 10, "dog")], "b": [Event(0, 10, "cat")]}
    two = {"a": [Event(0, 10, "cow")]}
    with pytest.warns(ScoreWarning):
        found = SodaC("skip", meteor=Overlap()).scorer([one, two]).score({"a": [Event(0, 10, "dog")]}).values
    assert found["SODA_c-F1@1"] == pytest.approx(1, abs=1e-6)
    assert found["SODA_c-F1@2"] == 0
    assert found["SODA_c"] == pytest.approx(0.5, abs=1e-6)


def test_zero_leaves_out_what_is_missing() -> None:
    """As the official script does; the signature and a warning say so."""
    references = {"a": [Event(0, 10, "dog")], "b": [Event(0, 10, "cat")]}
    predictions = {"a": [Event(0, 10, "dog")]}
    with pytest.warns(ScoreWarning, match="SODA_c leaves out clips without a prediction"):
        scores = SodaC("zero", meteor=Overlap()).scorer(references).score(predictions)
    assert scores.values["SODA_c"] == pytest.approx(1, abs=1e-6)
    assert "|missing:skip|clips:1/2|" in str(scores.scores[0].signature)
