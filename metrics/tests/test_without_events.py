"""Clips, predictions and whole splits in which nothing happens: every metric scores them, and says so."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from vidcap_metrics.baselines import mean_count, median_intervals, usual_count
from vidcap_metrics.bootstrap import compare, intervals
from vidcap_metrics.dense import Dense
from vidcap_metrics.errors import DataError
from vidcap_metrics.event import Event
from vidcap_metrics.event_metric import EventMetric
from vidcap_metrics.located import Localisation
from vidcap_metrics.scorer import NOTHING, Scorer, Scores
from vidcap_metrics.soda import SodaC

pytestmark = pytest.mark.filterwarnings("error", "ignore::vidcap_metrics.scorer.ScoreWarning")

Events = Mapping[str, Sequence[Event]]
FULL: Events = {
    "a": [Event(0, 5, "a man runs"), Event(5, 9, "a dog sits")],
    "b": [Event(0, 4, "a cat sleeps on the sofa")],
}
SOME: Events = {"a": FULL["a"], "b": []}
NONE: Events = {"a": [], "b": []}
SECONDS = {"a": 10.0, "b": 4.0}
METRICS: dict[str, Any] = {
    "dense": lambda: Dense(detail=True),
    "localisation": lambda: Localisation(detail=True),
    "soda_c": SodaC,
    "merged": lambda: SodaC(annotators="merged"),
    "multi": lambda: SodaC(annotators="multi"),
}
TEXTS = ("bleu", "meteor", "rouge", "cider-d", "cider", "diversity", "emotion")
REFERENCES = {"a": ["a happy man runs"], "b": ["a dog sits", "the dog is sitting"]}


def own(scores: Scores) -> dict[str, float]:
    """Values of the predictions, not of blind baselines."""
    return {name: value for name, value in scores.values.items() if ":" not in name}


def checked(scores: Scores) -> Scores:
    """The same scores, once every number of theirs can be JSON."""
    json.dumps([scores.to_json(), scores.clips], allow_nan=False)
    return scores


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seconds", [SECONDS, {}], ids=["durations", "no durations"])
@pytest.mark.parametrize("references", [[FULL], [SOME], [NONE], [SOME, FULL], [NONE, {"a": FULL["a"]}]])
def test_nothing_was_predicted(name: str, references: list[Events], seconds: dict[str, float]) -> None:
    metric: EventMetric = METRICS[name]()
    scores = checked(metric.scorer(references, seconds).score(NONE))
    assert set(own(scores).values()) == {0.0}
    assert {value for clips in scores.clips.values() for value in clips.values()} == {0.0}
    assert any("no clip has a predicted event" in note and NOTHING in note for note in scores.warnings)
    assert not any("are these the references" in note for note in scores.warnings)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("predictions", [FULL, SOME, NONE])
def test_nothing_was_annotated(name: str, predictions: Events) -> None:
    scores = checked(METRICS[name]().scorer([NONE], SECONDS).score(predictions))
    assert 0 <= min(own(scores).values()) <= max(own(scores).values()) < 1e-12, (
        "BLEU of no match is not quite 0"
    )
    assert any("a reference event: " in note and NOTHING in note for note in scores.warnings)


@pytest.mark.parametrize("name", METRICS)
def test_a_clip_without_predictions_counts_as_0_among_others(name: str) -> None:
    both = METRICS[name]().scorer([FULL], SECONDS).score(SOME)
    alone = METRICS[name]().scorer([{"a": FULL["a"]}], SECONDS).score({"a": FULL["a"]})
    assert set(both.clips) == set(alone.clips)
    for score, clips in checked(both).clips.items():
        assert clips == {"a": pytest.approx(alone.clips[score]["a"]), "b": 0.0}
        if score != "loc-F1":  # of averaged P and R
            assert both.values[score] == pytest.approx(alone.values[score] / 2)
    assert any("1 clips have an empty list of events" in note for note in both.warnings)
    assert not any(NOTHING in note for note in both.warnings)


@pytest.mark.parametrize("name", METRICS)
def test_a_clip_without_reference_events_counts_as_0_among_others(name: str) -> None:
    """Whatever was predicted there: nothing matches, and silence is no match either."""
    said = METRICS[name]().scorer([SOME], SECONDS).score(FULL)
    silent = METRICS[name]().scorer([SOME], SECONDS).score(SOME)
    for scores in (checked(said), checked(silent)):
        located = {n: clips for n, clips in scores.clips.items() if not n.startswith("dense")}
        assert {clips["b"] for clips in located.values()} <= {0.0}
        assert any("references 1: 1 clips have no events ('b')" in note for note in scores.warnings)
    for name_of, clips in said.clips.items():
        assert clips["a"] == pytest.approx(silent.clips[name_of]["a"])


@pytest.mark.parametrize("policy", ["zero", "skip"])
def test_an_empty_list_is_a_prediction_whatever_the_policy(policy: Any) -> None:
    for metric in (Dense(missing=policy, meteor=None), SodaC(missing=policy), Localisation(missing=policy)):
        scores = checked(metric.scorer([FULL], SECONDS).score({"a": []}))
        assert set(own(scores).values()) == {0.0}


def test_no_clip_at_all_is_still_refused() -> None:
    with pytest.raises(DataError, match="there are no predictions"):
        Localisation().scorer([FULL], SECONDS).score({})
    with pytest.raises(DataError, match="there are no references"):
        Localisation().scorer([{}], SECONDS)


@pytest.mark.parametrize("name", METRICS)
def test_intervals_and_comparisons(name: str) -> None:
    scorer = METRICS[name]().scorer([FULL], SECONDS)
    nothing, something = scorer.score(NONE), scorer.score(SOME)
    for a, b in zip(nothing.scores, something.scores, strict=True):
        assert all((i.low, i.high) == (0.0, 0.0) for i in intervals(a, 100).values())
        for row in compare(a, a, 100):
            assert (row.difference, row.low, row.high, row.p, row.sure) == (0.0, 0.0, 0.0, 1.0, False)
        for row in compare(a, b, 100):
            assert 0 <= row.low <= row.high
            assert math.isfinite(row.p)


def test_counts_of_references_without_events() -> None:
    assert usual_count(NONE) == mean_count(NONE) == usual_count({}) == mean_count({}) == 1
    with pytest.raises(DataError, match="no clip has 3 events"):
        median_intervals(FULL, SECONDS, 3)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_clips_without_an_event_are_empty_captions(name: str) -> None:
    scores = checked(Scorer(REFERENCES, [name]).score({"a": "", "b": ""}))
    values = dict(scores.values)
    assert values.pop("no-emotion", 1.0) == 1.0, "the share of captions without an emotion word"
    assert max(values.values()) < 1e-15
    assert scores.warnings[-1] == f"no prediction has a word: {NOTHING}"


@pytest.mark.parametrize("name", TEXTS)
def test_one_silent_clip_among_others_is_noted(name: str) -> None:
    scores = checked(Scorer(REFERENCES, [name]).score({"a": "a happy man runs", "b": ""}))
    assert scores.warnings == ("1 of 2 predictions have no words ('b')",)
    assert any(value > 0 for value in scores.values.values())


def test_an_empty_caption_is_neither_new_nor_one_more() -> None:
    values = Scorer(REFERENCES, ["diversity"]).score({"a": "a cat", "b": ""}).values
    assert (values["Unique"], values["Novel"], values["Length"]) == (0.5, 0.5, 1.0)


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "emotion"])
def test_references_without_words(name: str) -> None:
    scores = checked(Scorer({"a": [""], "b": [""]}, [name]).score({"a": "a man", "b": ""}))
    assert all(value >= 0 for value in scores.values.values())


@pytest.mark.parametrize("name", TEXTS)
def test_clips_that_nothing_was_said_of_can_be_left_out(name: str) -> None:
    said = {"a": "a happy man runs", "b": "a dog"}
    quiet = Scorer({**REFERENCES, "c": []}, [name], unreferenced="skip")
    scores = checked(quiet.score({**said, "c": "a cat"}))
    assert scores.values == Scorer(REFERENCES, [name]).score(said).values
    assert scores.warnings == ("1 of 3 clips have no references, left out ('c')",)
    assert "clips:2/2" in str(scores.scores[0].signature)


@pytest.mark.parametrize("name", TEXTS)
def test_no_clip_that_anything_was_said_of(name: str) -> None:
    scores = checked(Scorer({"a": [], "b": []}, [name], unreferenced="skip").score({"a": "a man", "b": ""}))
    assert set(scores.values.values()) == {0.0}
    assert scores.warnings[-1] == f"no clip was scored: {NOTHING}"
    assert "refs:0|missing:error|clips:0/0" in str(scores.scores[0].signature)


def test_a_clip_without_references_is_refused_unless_said() -> None:
    with pytest.raises(DataError, match="clip 'c' has no references"):
        Scorer({**REFERENCES, "c": []}, ["rouge"])
    with pytest.raises(DataError, match="there are no references"):
        Scorer({}, ["rouge"], unreferenced="skip")
    with pytest.raises(DataError, match="no clip has both"):
        Scorer({**REFERENCES, "c": []}, ["rouge"], unreferenced="skip").score({"c": "a cat"})
