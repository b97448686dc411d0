"""The scorer: policies, signatures, and everything that must not end as a silent 0."""

from __future__ import annotations

import pytest

from vidcap_metrics.bleu import Bleu
from vidcap_metrics.errors import DataError, UserError
from vidcap_metrics.scorer import Scorer, ScoreWarning
from vidcap_metrics.signature import hash_ids

REFERENCES = {
    "a": ["A man runs.", "someone is running"],
    "b": ["A dog sits!", "the dog is sitting down", "a dog"],
    "c": ["two women talk"],
}
PREDICTIONS = {"a": "a man runs", "b": "a dog sits", "c": "two women talk"}
METRICS = ["bleu", "rouge", "cider-d"]


def test_tokenizes_both_sides() -> None:
    scores = Scorer(REFERENCES, METRICS).score(
        {"c": "Two women talk.", "b": "A DOG sits", "a": "A man runs!"}
    )
    assert scores.values["BLEU-1"] == pytest.approx(1)
    assert scores.values["ROUGE-L"] == pytest.approx(1)
    assert list(scores.clips["ROUGE-L"]) == ["a", "b", "c"]
    assert scores.warnings == ()


def test_signature_says_what_a_number_means() -> None:
    scores = Scorer(REFERENCES, METRICS).score(PREDICTIONS)
    assert (
        str(scores.scores[2].signature)
        == "cider-d|v:1|tok:ptb-3.4.1|refs:1-3|missing:error|clips:3/3|hash:d8d6d08b"
    )
    with pytest.warns(ScoreWarning):
        part = Scorer(REFERENCES, ["bleu"], missing="skip").score({"a": "a man", "b": "a dog"})
    assert str(part.scores[0].signature).endswith(
        f"refs:2-3|missing:skip|clips:2/3|without:{hash_ids(['c'])}|hash:d8d6d08b"
    )
    assert hash_ids(["c", "d"]) == hash_ids(["d", "c"]) != hash_ids(["c"])


def test_a_scorer_is_used_again() -> None:
    scorer = Scorer(REFERENCES, METRICS)
    first = scorer.score(PREDICTIONS).values
    scorer.score({"a": "x", "b": "a y", "c": "z"})
    assert scorer.score(PREDICTIONS).values == first


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        ({}, "no predictions"),
        ({"a": "x", "b": "y"}, "1 clips have references but no prediction \\('c'\\)"),
        ({**PREDICTIONS, "d": "x"}, "1 predictions have no references \\('d'\\)"),
        ({"x": "a", "y": "b"}, "no clip has both"),
        ({**PREDICTIONS, "a": None}, "clip 'a' is NoneType None, not text"),
        ({**PREDICTIONS, "a": ["x"]}, "clip 'a' is list"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_predictions(predictions: dict[str, str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Scorer(REFERENCES, METRICS).score(predictions)


@pytest.mark.parametrize(
    ("references", "words"),
    [
        ({}, "no references"),
        ({"a": []}, "clip 'a' has no references"),
        ({"a": "a man runs"}, "one string, not a list"),
        ({"a": ["x", 3]}, "int 3, not text"),
    ],
)
def test_bad_references(references: dict[str, list[str]], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Scorer(references, METRICS)


def test_nothing_matches_whatever_the_policy() -> None:
    for missing in ("skip", "zero"):
        with pytest.raises(DataError, match="no clip has both"):
            Scorer(REFERENCES, METRICS, missing=missing).score({"video1": "a"})


def test_a_near_miss_is_named() -> None:
    references = {f"video{n}.mp4": ["a man"] for n in range(3)}
    predictions = {"video0.mp4": "a", "video1.mp4": "a", "video2": "a"}
    with pytest.raises(DataError, match=r"is 'video2' the clip 'video2\.mp4'"):
        Scorer(references, METRICS).score(predictions)


def test_skip_equals_scoring_the_others_alone() -> None:
    some = {clip: PREDICTIONS[clip] for clip in ("a", "b")}
    with pytest.warns(ScoreWarning, match="1 of 3 clips have no prediction, left out"):
        skipped = Scorer(REFERENCES, METRICS, missing="skip").score(some)
    alone = Scorer({clip: REFERENCES[clip] for clip in some}, METRICS).score(some)
    assert skipped.values == alone.values


def test_zero_counts_missing_clips() -> None:
    with pytest.warns(ScoreWarning, match="scored as empty captions"):
        scores = Scorer(REFERENCES, METRICS, missing="zero").score({"a": "a man runs", "b": "a dog sits"})
    assert scores.clips["ROUGE-L"]["c"] == 0
    assert scores.values["ROUGE-L"] == pytest.approx(2 / 3)


def test_all_zero_is_warned_of() -> None:
    with pytest.warns(ScoreWarning, match="every score is 0"):
        Scorer(REFERENCES, ["rouge", "cider-d"]).score(dict.fromkeys(REFERENCES, "zzz"))


def test_wordless_predictions_are_warned_of() -> None:
    with pytest.warns(ScoreWarning, match="1 of 3 predictions have no words \\('a'\\)"):
        Scorer(REFERENCES, METRICS).score({**PREDICTIONS, "a": "..."})


def test_one_clip_has_no_cider() -> None:
    with pytest.raises(DataError, match="CIDEr-D of a single clip"):
        Scorer({"a": ["x"]}, ["cider-d"])


def test_unknown_metric() -> None:
    with pytest.raises(UserError, match="did you mean 'bleu'"):
        Scorer(REFERENCES, ["bleuu"])


def test_a_metric_of_ones_own_and_plain_data() -> None:
    scores = Scorer(REFERENCES, [Bleu()]).score(PREDICTIONS)
    data = scores.to_json()
    assert set(data) == {"values", "signatures", "warnings"}
    assert data["signatures"]["BLEU-4"].startswith("bleu|v:1|")
    assert "BLEU-4" in str(scores)
