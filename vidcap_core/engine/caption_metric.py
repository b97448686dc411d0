"""Our metrics as an mmengine metric: all scores of a split from its predictions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Event, Prediction
from vidcap_core.engine.mm import METRICS, BaseMetric
from vidcap_core.errors import UserError
from vidcap_core.zoo.component import Component
from vidcap_metrics.event_metric import EventScorer
from vidcap_metrics.metric import Metric
from vidcap_metrics.scorer import Scorer, Scores, ScoreWarning

Scoring = Callable[[Sequence[Prediction]], Scores]
"""Scores predictions against references that it holds ready."""


@METRICS.register_module()
class CaptionMetric(BaseMetric):  # type: ignore[misc]
    """Takes predictions, computes all scores of a split; references are prepared once."""

    def __init__(self, dataset: Dataset, metrics: Sequence[Component]) -> None:
        super().__init__(prefix="vidcap")  # mmengine warns of a metric without one
        self.dataset = dataset
        self.metrics = metrics
        self._scorings: list[Scoring] | None = None

    def process(self, data_batch: object, data_samples: Sequence[Prediction]) -> None:
        """Take note of predictions."""
        self.results.extend(data_samples)

    def compute_metrics(self, results: Sequence[Prediction]) -> dict[str, float]:
        """The values of all scores over predictions."""
        return self.score(results).values

    def score(self, predictions: Sequence[Prediction]) -> Scores:
        """All scores over predictions."""
        scorings = self.prepare()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)  # the tracker says them
            parts = [scoring(predictions) for scoring in scorings]
        scores = tuple(score for part in parts for score in part.scores)
        return Scores(scores, tuple(dict.fromkeys(note for part in parts for note in part.warnings)))

    def prepare(self) -> list[Scoring]:
        """Get the references ready, once; refuses those that these metrics cannot score against."""
        if self._scorings is None:
            self._scorings = self._prepare()
        return self._scorings

    def _prepare(self) -> list[Scoring]:
        """One scorer for the metrics of texts, and one each for those of events; a split may have no event at all."""
        built = [metric.build() for metric in self.metrics]
        for metric in built:
            if getattr(metric, "reads_samples", False):
                raise UserError(
                    f"evaluate.metrics: {metric.name} reads several captions a clip, and a run writes one",
                    hint=f"leave it out, and: vidcap score SAMPLES REFERENCES --metrics {metric.name}",
                )
        texts = [m for m in built if not getattr(m, "reads_events", False)]
        events = [m for m in built if getattr(m, "reads_events", False)]
        scorings = [_of_texts(self._scorer(texts))] if texts else []
        durations = self.dataset.durations()
        return scorings + [_of_events(m.scorer(self._events(), durations)) for m in events]

    def _scorer(self, metrics: Sequence[Metric]) -> Scorer:
        clips = {clip.id: clip for clip in self.dataset.clips}
        return Scorer(self._references(), metrics, unreferenced="skip", clips=clips)

    def _references(self) -> dict[str, Sequence[str]]:
        """Captions by clip; none of a clip that nothing was said of."""
        references = self.dataset.references()
        return {clip.id: references.get(clip.id, ()) for clip in self.dataset.clips}

    def _events(self) -> Sequence[Mapping[str, Sequence[Event]]]:
        """Events by annotator and clip; where no annotator found any, that is what one says of each clip."""
        files = self.dataset.events()
        return files if any(files) else [{clip.id: () for clip in self.dataset.clips}]


def _of_texts(scorer: Scorer) -> Scoring:
    return lambda predictions: scorer.score({p.clip.id: p.text for p in predictions})


def _of_events(scorer: EventScorer) -> Scoring:
    return lambda predictions: scorer.score({p.clip.id: p.events for p in predictions})
