"""BLEU where references are too short to have an n-gram of every order."""

from __future__ import annotations

import pytest

from vidcap_metrics.bleu import Bleu
from vidcap_metrics.scorer import Scorer


def test_references_without_a_four_gram() -> None:
    scorer = Scorer({"a": ["a dog runs"], "b": ["a cat sits"]}, [Bleu()])
    scores = scorer.score({"a": "a dog runs fast today", "b": "a cat sits"})
    assert scores.values["BLEU-1"] == pytest.approx(6 / 8)
    assert scores.values["BLEU-4"] < 1e-3
