"""Localisation: the table of trivial baselines on the real annotations, and small cases by hand."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from vidcap_metrics import baselines
from vidcap_metrics.bootstrap import intervals
from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import Annotations, read_references
from vidcap_metrics.intervals import Events, Pairs, Spans
from vidcap_metrics.localisation import Timing, f1
from vidcap_metrics.located import Localisation
from vidcap_metrics.scorer import ScoreWarning


def table(files: list[Events], predictions: Events, clips: list[str] | None = None) -> tuple[float, ...]:
    """R, P, F1 in percent, two digits."""
    values = Timing(clips or list(files[0]), files).locate(predictions).values
    return tuple(round(100 * values[name], 2) for name in ("R", "P", "F1"))


@pytest.fixture(scope="module")
def activitynet(shared_data: Path) -> tuple[Annotations, Annotations, Annotations]:
    """train, val_1, val_2."""
    folder = shared_data / "activitynet"
    train, one, two = (read_references(folder / f"{name}.json.gz")[0] for name in ("train", "val_1", "val_2"))
    return train, one, two


@pytest.fixture(scope="module")
def youcook2(shared_data: Path) -> tuple[Annotations, Annotations]:
    """train, val."""
    return tuple(
        read_references(shared_data / "youcook2" / f"yc2_{name}.json.gz")[0] for name in ("train", "val")
    )  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("count", "width", "expected"),
    [
        (2, 1, (46.19, 58.06, 51.44)),
        (3, 1, (53.45, 55.38, 54.40)),
        (3, 1.5, (55.66, 57.78, 56.70)),
        (3, 1.6, (56.00, 57.74, 56.86)),
    ],
)
def test_activitynet_segments(
    activitynet: tuple[Annotations, ...], count: int, width: float, expected: tuple[float, ...]
) -> None:
    """N equal segments, widened about their centres."""
    _, one, two = activitynet
    segments = baselines.equal_segments(one.durations, count, width)
    assert table([one.events, two.events], segments) == expected


def test_activitynet_other_baselines(activitynet: tuple[Annotations, ...]) -> None:
    """Whole and halves, as many segments as val_1 has events, and the training clips' median thirds."""
    train, one, two = activitynet
    files = [one.events, two.events]
    assert table(files, baselines.whole_and_halves(one.durations)) == (55.39, 57.58, 56.46)
    counts = {clip: len(events) for clip, events in one.events.items()}
    assert table(files, baselines.equal_segments(one.durations, counts)) == (55.30, 55.18, 55.24)
    assert baselines.usual_count(train.events) == 3
    median = baselines.median_intervals(train.events, train.durations, 3)
    assert table(files, baselines.constant_intervals(one.durations, median)) == (60.00, 60.23, 60.12)


def test_the_other_annotator(activitynet: tuple[Annotations, ...]) -> None:
    """val_2 against val_1, over the clips of both: what people reach."""
    _, one, two = activitynet
    assert table([one.events], two.events, list(two.events)) == (40.14, 40.19, 40.16)


@pytest.mark.parametrize(
    ("count", "width", "expected"),
    [
        (7, 1, (20.45, 19.02, 19.71)),
        (8, 1, (23.73, 20.17, 21.81)),
        (10, 1, (28.33, 20.37, 23.70)),
        (12, 1.2, (31.60, 20.32, 24.74)),
    ],
)
def test_youcook2_segments(
    youcook2: tuple[Annotations, ...], count: int, width: float, expected: tuple[float, ...]
) -> None:
    """457 validation clips, one annotator."""
    _, val = youcook2
    assert table([val.events], baselines.equal_segments(val.durations, count, width)) == expected


def test_youcook2_counts(youcook2: tuple[Annotations, ...]) -> None:
    """The training mean is 8; the true counts of the clips."""
    train, val = youcook2
    assert baselines.mean_count(train.events) == 8
    counts = {clip: len(events) for clip, events in val.events.items()}
    assert table([val.events], baselines.equal_segments(val.durations, counts)) == (21.23, 20.60, 20.91)


def test_all_of_validation_in_seconds(activitynet: tuple[Annotations, ...]) -> None:
    """4,917 clips, 34,536 reference events, with blind baselines and all details."""
    _, one, two = activitynet
    segments = baselines.equal_segments(one.durations, 3)
    begin = perf_counter()
    scores = Localisation(detail=True).scorer([one.events, two.events], one.durations).score(segments)
    assert perf_counter() - begin < 5
    assert round(100 * scores.values["loc-F1"], 2) == 54.40
    assert {name.split(":")[1] for name in scores.values if ":" in name} == {
        "segments-as-many",
        "segments-3",
        "segments-4",
        "whole-and-halves",
    }


def test_published_f1_from_published_p_and_r() -> None:
    """53.72 and 58.92 were printed with F1 56.20."""
    assert round(float(f1(53.72, 58.92)), 2) == 56.20


def test_intervals_hold_the_values(activitynet: tuple[Annotations, ...]) -> None:
    """F1 is resampled from P and R, not as a mean of clips' F1."""
    _, one, two = activitynet
    clips = list(two.events)[:300]
    files = [{clip: file.events[clip] for clip in clips} for file in (one, two)]
    segments = baselines.equal_segments({clip: one.durations[clip] for clip in clips}, 3)
    score = Localisation().scorer(files, one.durations).score(segments).scores[0]
    found = intervals(score, samples=200)
    assert set(found) == {"loc-P", "loc-R", "loc-F1", "loc-F1-mean", "loc-order-tIoU"}
    for name, interval in found.items():
        assert interval.low < score.values[name] < interval.high
        assert interval.high - interval.low < 0.1


def test_both_kinds_of_f1_by_hand() -> None:
    """P = R = 1 at tIoU 0.3 and 0 at 0.9, and P ≠ R otherwise: harmonic mean and mean do not commute.

    Two predictions on [0, 10]: [0, 10] hits at both, [0, 4] at 0.3 alone. P = (1, 0.5), R = (1, 1).
    F1 of means = 2 · 0.75 · 1 / 1.75;  mean of F1 = (1 + 2/3) / 2.
    """
    timing = Timing(["v"], [{"v": [Event(0, 10, "")]}])
    values = timing.locate({"v": [Event(0, 10, ""), Event(0, 4, "")]}, (0.3, 0.9)).values
    assert values["P"] == 0.75
    assert values["R"] == 1
    assert values["F1"] == pytest.approx(1.5 / 1.75)
    assert values["F1-mean"] == pytest.approx((1 + 2 / 3) / 2)


def test_best_annotator_for_p_and_r_apart() -> None:
    """P comes from the first annotator, R from the second."""
    one = {"v": [Event(0, 5, ""), Event(5, 10, ""), Event(20, 30, "")]}
    two = {"v": [Event(0, 5, "")]}
    values = Timing(["v"], [one, two]).locate({"v": [Event(0, 5, ""), Event(5, 10, "")]}, (0.5,)).values
    assert values["P"] == 1
    assert values["R"] == 1


def test_tiou_against_its_definition() -> None:
    """All pairs of random events of several clips, some clips empty on a side."""
    draw = np.random.default_rng(0)

    def some(low: int) -> dict[str, list[Event]]:
        return {
            f"v{n}": [Event(float(s), float(s + d), "") for s, d in draw.random((draw.integers(low, 5), 2))]
            for n in range(20)
        }

    a, b = some(0), some(0)
    clips = list(a)
    pairs = Pairs.of(Spans.of(clips, a), Spans.of(clips, b))
    expected = []
    for clip in clips:
        for p in a[clip]:
            for r in b[clip]:
                common = max(0, min(p.end, r.end) - max(p.start, r.start))
                union = min(max(p.end, r.end) - min(p.start, r.start), p.end - p.start + r.end - r.start)
                expected.append(common / (union + 1e-8))
    assert len(expected) > 40
    assert pairs.tiou.tolist() == expected


def test_navigation() -> None:
    """A start 2 s off is found within 3 s, not within 1."""
    located = Timing(["v"], [{"v": [Event(10, 20, "")]}]).navigate({"v": [Event(12, 90, "")]}, (1, 2, 3))
    assert located.precision[:, 0].tolist() == [0, 0, 1]
    assert located.recall[:, 0].tolist() == [0, 0, 1]


def test_in_order() -> None:
    """k-th by start with k-th: 1 and 0.5, over the longer list of three."""
    timing = Timing(["v"], [{"v": [Event(10, 20, ""), Event(0, 10, "")]}])
    predictions = {"v": [Event(0, 10, ""), Event(10, 15, ""), Event(30, 40, "")]}
    assert timing.in_order(predictions)[0] == pytest.approx(1.5 / 3)


def test_unknown_durations_are_said() -> None:
    """The blind baselines need durations; the last annotated second stands in, and a warning says so."""
    references = {"v": [Event(0, 5, ""), Event(5, 10, "")]}
    with pytest.warns(ScoreWarning, match="1 of 1 clips have no duration"):
        scores = Localisation().scorer(references).score({"v": [Event(0, 5, "")]})
    assert scores.values["loc-F1:segments-2"] == 1


def test_segments_are_cut_off_at_the_ends() -> None:
    """Thirds of 9 s, twice as wide."""
    found = baselines.equal_segments({"v": 9.0}, 3, 2.0)["v"]
    assert [(e.start, e.end) for e in found] == [(0, 4.5), (1.5, 7.5), (4.5, 9)]
