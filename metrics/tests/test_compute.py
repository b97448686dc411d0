"""Two lists, as `evaluate.load("...").compute(...)` takes them."""

from __future__ import annotations

import pytest

from vidcap_metrics import DataError, Scorer, load

PREDICTIONS = ["A man runs.", "a dog", "two women"]
REFERENCES = [["a man runs", "someone runs"], ["a dog sits"], ["two women talk", "women"]]


def test_the_same_as_the_scorer() -> None:
    scorer = Scorer(dict(zip("012", REFERENCES, strict=True)), ["bleu", "cider-d"])
    expected = scorer.score(dict(zip("012", PREDICTIONS, strict=True)))
    measure = load("bleu", "cider-d")
    assert measure.compute(predictions=PREDICTIONS, references=REFERENCES) == expected.values
    assert measure.scores is not None
    assert measure.scores.signatures == expected.signatures


def test_added_one_by_one_and_in_batches_and_then_forgotten() -> None:
    expected = load("rouge").compute(predictions=PREDICTIONS, references=REFERENCES)
    measure = load("rouge")
    measure.add(prediction=PREDICTIONS[0], reference=REFERENCES[0])
    measure.add_batch(predictions=PREDICTIONS[1:], references=REFERENCES[1:])
    assert measure.compute() == expected
    with pytest.raises(DataError, match="no references"):
        measure.compute()


def test_one_text_is_one_reference() -> None:
    assert load("rouge").compute(predictions=["a b"], references=["a b"]) == {"ROUGE-L": 1.0}


def test_lists_of_two_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="3 predictions and 2 lists of references"):
        load("rouge").compute(predictions=PREDICTIONS, references=REFERENCES[:2])
    with pytest.raises(DataError, match="are one text"):
        load("rouge").compute(predictions="a b", references=["a b"])
