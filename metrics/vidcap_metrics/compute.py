"""Scores of two lists, the way `evaluate.load("...")` is used.

>>> from vidcap_metrics import load
>>> load("rouge").compute(predictions=["a man runs"], references=[["a man runs", "he runs"]])
{'ROUGE-L': 1.0}
"""

from __future__ import annotations

from collections.abc import Sequence

from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Metric
from vidcap_metrics.names import DEFAULT
from vidcap_metrics.scorer import Scorer, Scores


class Measure:
    """Metrics of predictions and references that stand at the same place of two lists.

    References are lists of texts, or one text each. `scores` has the signatures of what was computed last.
    """

    def __init__(self, metrics: Sequence[str | Metric] = DEFAULT) -> None:
        self.metrics = metrics
        self.scores: Scores | None = None
        self._predictions: list[str] = []
        self._references: list[Sequence[str]] = []

    def add(self, *, prediction: str, reference: str | Sequence[str]) -> None:
        """Take note of one prediction."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> None:
        """Take note of some."""
        if isinstance(predictions, str) or isinstance(references, str):
            raise DataError("predictions or references are one text", hint="predictions=['a man runs']")
        if len(predictions) != len(references):
            raise DataError(
                f"{len(predictions)} predictions and {len(references)} lists of references",
                hint="one list of references for each prediction, in the same order",
            )
        self._predictions += predictions
        self._references += ([given] if isinstance(given, str) else given for given in references)

    def compute(
        self,
        *,
        predictions: Sequence[str] | None = None,
        references: Sequence[str | Sequence[str]] | None = None,
    ) -> dict[str, float]:
        """All values over what was given here and added before, which is forgotten."""
        if predictions is not None or references is not None:
            self.add_batch(predictions=predictions or [], references=references or [])
        given, captions = self._predictions, self._references
        self._predictions, self._references = [], []
        scorer = Scorer({str(number): lines for number, lines in enumerate(captions)}, self.metrics)
        self.scores = scorer.score({str(number): text for number, text in enumerate(given)})
        return self.scores.values


def load(*metrics: str | Metric) -> Measure:
    """Some metrics by name, or the usual ones."""
    return Measure(metrics or DEFAULT)
