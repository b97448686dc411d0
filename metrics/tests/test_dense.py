"""densevid_eval in its variants: the official scripts' values to every printed digit, and small cases."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics.dense import Dense, plain
from vidcap_metrics.errors import DataError
from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import read_predictions, read_references
from vidcap_metrics.scorer import ScoreWarning


def percent(values: dict[str, float], digits: int = 4) -> dict[str, float]:
    """Values as papers print them."""
    return {name: round(100 * value, digits) for name, value in values.items()}


COMMON = {
    "dense-CIDEr-D": 18.6385,
    "dense-CIDEr-D@0.3": 24.5452,
    "dense-CIDEr-D@0.5": 26.1529,
    "dense-CIDEr-D@0.7": 20.4558,
    "dense-CIDEr-D@0.9": 3.4002,
    "dense-ROUGE-L": 11.1257,
    "dense-BLEU-1": 11.0374,
    "dense-BLEU-2": 4.1439,
    "dense-BLEU-3": 1.7500,
    "dense-BLEU-4": 0.6580,
    "loc-R": 55.7044,
    "loc-R@0.3": 94.9476,
    "loc-R@0.5": 71.5651,
    "loc-R@0.7": 43.2381,
    "loc-R@0.9": 13.0667,
    "loc-P": 56.1452,
    "loc-P@0.3": 97.6333,
    "loc-P@0.5": 70.2429,
    "loc-P@0.7": 43.6381,
    "loc-P@0.9": 13.0667,
}
METEOR_2018 = {
    "dense-METEOR": 5.3900,
    "dense-METEOR@0.3": 8.5994,
    "dense-METEOR@0.5": 7.0147,
    "dense-METEOR@0.7": 4.6420,
    "dense-METEOR@0.9": 1.3041,
}


@pytest.mark.parametrize("garbage", ["2018", "2021"])
def test_golden_without_meteor(golden: Any, garbage: Any) -> None:
    """CIDEr-D, ROUGE-L, BLEU and localisation do not depend on the garbage."""
    scorer = Dense(garbage, meteor=None, detail=True).scorer(golden.files, golden.durations)
    found = percent(scorer.score(golden.predictions).values)
    assert {name: found[name] for name in COMMON} == COMMON


def test_golden_meteor(golden: Any, meteor: Any) -> None:
    """METEOR in both variants."""
    for garbage, expected in (("2018", METEOR_2018), ("2021", {"dense-METEOR": 5.7151})):
        scorer = Dense(garbage, meteor=meteor, detail=True).scorer(golden.files, golden.durations)
        found = percent(scorer.score(golden.predictions).values)
        assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("garbage", "missing", "expected"),
    [
        (
            "2018",
            "zero",
            {"dense-METEOR": 5.0303, "dense-CIDEr-D": 17.8088, "loc-R": 49.6984, "loc-P": 50.1393},
        ),
        (
            "2021",
            "skip",
            {"dense-METEOR": 5.9157, "dense-CIDEr-D": 19.7875, "loc-R": 55.2205, "loc-P": 55.7103},
        ),
    ],
)
def test_golden_missing(
    golden: Any, meteor: Any, garbage: Any, missing: Any, expected: dict[str, float]
) -> None:
    """Five clips without predictions, scored 0 or left out."""
    scorer = Dense(garbage, missing, meteor=meteor).scorer(golden.files, golden.durations)
    with pytest.warns(ScoreWarning, match="5 of 50 clips have no prediction"):
        scores = scorer.score(golden.without_first_five())
    found = percent(scores.values)
    assert {name: found[name] for name in expected} == expected
    assert scores.scores[0].signature.clips == (50 if missing == "zero" else 45)
    assert f"|missing:{missing}|" in str(scores.scores[0].signature)


def test_golden_missing_is_refused(golden: Any) -> None:
    """Unless told otherwise."""
    scorer = Dense(meteor=None).scorer(golden.files)
    with pytest.raises(DataError, match=r"5 of 50 clips.*\n.*--missing skip"):
        scorer.score(golden.without_first_five())


def test_real_predictions(shared_data: Path, meteor: Any) -> None:
    """4,483 videos with published scores: METEOR 10.7424, BLEU-4 2.0683."""
    [references] = read_references(shared_data / "activitynet" / "val_1_no_missings.json.gz")
    predictions = read_predictions(shared_data / "oracles" / "bmt_captioning_results_val_1_e26.json.gz")
    scorer = Dense("2021", "zero", meteor=meteor).scorer(references.events, references.durations)
    found = percent(scorer.score(predictions.events).values)
    assert {name: found[name] for name in ("dense-METEOR", "dense-BLEU-4")} == {
        "dense-METEOR": 10.7424,
        "dense-BLEU-4": 2.0683,
    }


def test_two_pairs_by_hand() -> None:
    """One clip, two predictions: one hits its reference word for word, one hits nothing.

    θ = 0.5; pairs: ("a dog runs", "a dog runs") and ("a cat sits", garbage).
    ROUGE-L: (1 + 0) / 2.  BLEU-1: correct 3 of 6 words, lengths 6 against 3 + 1, no penalty: 0.5.
    CIDEr-D: two documents, log 2 for all n-grams of the first, so a perfect pair scores 10 for n = 1, 2, 3
    and 0 for n = 4, which a caption of three words does not have: 7.5; mean with the other pair's 0: 3.75.
    """
    references = {"v": [Event(0, 10, "A dog runs.")]}
    predictions = {"v": [Event(0, 10, "a dog runs"), Event(50, 60, "a cat sits")]}
    found = Dense(meteor=None, tious=[0.5]).scorer(references, {"v": 60}).score(predictions).values
    assert found["dense-ROUGE-L"] == pytest.approx(0.5)
    assert found["dense-BLEU-1"] == pytest.approx(0.5)
    assert found["dense-CIDEr-D"] == pytest.approx(3.75)


def test_single_pair_has_no_cider() -> None:
    """A clip's only pair has idf log 1 = 0, whatever it says: a known trap of the official script."""
    events = {"v": [Event(0, 10, "a dog runs home")]}
    found = Dense(meteor=None).scorer(events).score(events).values
    assert found["dense-CIDEr-D"] == 0
    assert found["dense-BLEU-4"] == pytest.approx(1)


def test_captions_count_from_the_threshold_localisation_above_it() -> None:
    """tIoU just below 0.5 (epsilon): neither; the two rules differ only at equality."""
    references = {"v": [Event(0, 10, "a dog runs")]}
    scorer = Dense(meteor=None, tious=[0.5], detail=True).scorer(references, {"v": 10})
    near = 5 / (10 + 1e-8)
    exact = Dense(meteor=None, tious=[near]).scorer(references, {"v": 10})
    prediction = {"v": [Event(0, 5, "a dog runs")]}
    assert scorer.score(prediction).values["dense-ROUGE-L"] == 0
    found = exact.score(prediction).values
    assert found["dense-ROUGE-L"] == pytest.approx(1)
    assert found["loc-P"] == 0


def test_clip_without_events_scores_zero_and_says_so() -> None:
    """An empty list is a prediction: it counts 0 under every policy."""
    references = {"a": [Event(0, 10, "a dog runs")], "b": [Event(0, 10, "a cat sits")]}
    for missing in ("error", "skip", "zero"):
        with pytest.warns(ScoreWarning, match="1 clips have an empty list of events and score 0"):
            scores = (
                Dense(missing=missing, meteor=None).scorer(references).score({"a": references["a"], "b": []})
            )
        assert scores.clips["dense-BLEU-1"] == {"a": pytest.approx(1), "b": 0}


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ({}, "there are no predictions"),
        ({"w": [Event(0, 1, "x")]}, "no clip has both: predictions are for 'w', references for 'v'"),
        ({"v": [Event(5, 1, "x")]}, "ends before it starts"),
        ({"v": [Event(0, 1, None)]}, "NoneType None, not text"),  # type: ignore[arg-type]
        ({"v": [Event(0, math.nan, "x")]}, "has the times 0, nan"),
        ({"v": ["a dog"]}, "not an event"),
    ],
)
def test_bad_predictions(predictions: Any, message: str) -> None:
    """Each is refused in words."""
    scorer = Dense(meteor=None).scorer({"v": [Event(0, 10, "a dog runs")]})
    with pytest.raises(DataError, match=message):
        scorer.score(predictions)


def test_warnings_for_what_can_only_score_zero() -> None:
    """Intervals of no length, references reversed, ids on one side, words that are not there."""
    references = {"v": [Event(0, 10, "a dog runs"), Event(9, 3, "a cat sits")]}
    predictions = {"v": [Event(4, 4, "a dog"), Event(0, 9, " ")], "w": [Event(0, 1, "x")]}
    with pytest.warns(ScoreWarning):
        notes = "\n".join(Dense(meteor=None).scorer(references, {"v": 10}).score(predictions).warnings)
    assert "predictions of no length" in notes
    assert "predictions without words" in notes
    assert "references 1: 1 clips have an interval that is reversed" in notes
    assert "1 predicted clips have no references and are left out ('w')" in notes


def test_all_zero_is_said() -> None:
    """Never a silent 0."""
    with pytest.warns(ScoreWarning, match="every score is 0"):
        Dense(meteor=None).scorer({"v": [Event(0, 1, "a")]}).score({"v": [Event(8, 9, "b")]})


def test_no_references() -> None:
    """Nothing to score against."""
    with pytest.raises(DataError, match="there are no references"):
        Dense(meteor=None).scorer([{}, {}])


def test_plain() -> None:
    """Every character beyond ASCII is one space."""
    assert plain("a café\u2019s") == "a caf  s"


def test_rouge_splits_at_spaces_alone() -> None:
    """The tokenizer joins `7 1/2` by a no-break space: one word for ROUGE-L, as in the official script."""
    references = {"v": [Event(0, 10, "add 7 1/2 cups of milk"), Event(20, 30, "stir")]}
    predictions = {"v": [Event(0, 10, "add 7 cups of milk")]}
    found = Dense(meteor=None, tious=[0.5]).scorer(references).score(predictions).values
    precision, recall = 4 / 5, 4 / 5  # the reference has five words: add, 7 1/2, cups, of, milk
    assert found["dense-ROUGE-L"] == pytest.approx(
        (1 + 1.2**2) * precision * recall / (recall + 1.2**2 * precision)
    )
    assert found["dense-BLEU-1"] == pytest.approx(
        math.exp(1 - 6 / 5), abs=1e-6
    )  # which splits at any white space
