"""Caption a split and score it: every clip exactly once, whatever the number of processes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from mmengine import dist
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.missing_streams import absent_streams
from vidcap_core.contracts.types import Prediction
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.errors import UserError
from vidcap_core.metrics.scorer import Scorer, ScoreWarning
from vidcap_core.zoo.component import Component

if TYPE_CHECKING:
    from vidcap_core.engine.training import Training


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a split, what they were made from, and what they mean."""

    values: dict[str, float]
    per_clip: dict[str, dict[str, float]]
    signatures: dict[str, str]  # what each value means
    clips: str  # "N of M"
    predictions: list[Prediction]
    notes: tuple[str, ...] = ()  # what looks odd about the numbers

    def line(self) -> str:
        """The scores in one line for people."""
        return (
            "  ".join(f"{name} {value:.4f}" for name, value in self.values.items())
            + f"  ({self.clips} clips)"
        )

    def value(self, name: str) -> float:
        """One score by name, whatever its case."""
        found = {key.lower(): value for key, value in self.values.items()}
        if name.lower() not in found:
            raise UserError(f"evaluate.best: no score is named '{name}'; there are {', '.join(self.values)}")
        return found[name.lower()]


@METRICS.register_module()
class CaptionMetric(BaseMetric):  # type: ignore[misc]
    """Our metrics as an mmengine metric: processes predictions, computes all scores of a split."""

    def __init__(self, dataset: Any, metrics: Sequence[Component]) -> None:
        super().__init__(prefix="vidcap")  # mmengine warns of a metric without one
        self.dataset = dataset
        self.metrics = metrics
        self.scored: tuple[dict[str, float], dict[str, Any], dict[str, str], tuple[str, ...]] | None = None
        self._scorers: list[Any] | None = None

    def process(self, data_batch: Any, data_samples: list[Prediction]) -> None:
        """Take note of predictions."""
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[Prediction]) -> dict[str, float]:
        """Scores over predictions; references are prepared once and kept for the next evaluation."""
        values: dict[str, float] = {}
        per_clip: dict[str, Any] = {}
        signatures: dict[str, str] = {}
        notes: dict[str, None] = {}
        self._scorers = self._scorers or self._prepare()
        for scorer, reads_events in self._scorers:
            given = {p.clip.id: p.events if reads_events else p.text for p in results}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ScoreWarning)  # they are told by the tracker
                scores = scorer.score(given)
            notes |= dict.fromkeys(scores.warnings)
            values |= scores.values
            per_clip |= scores.clips
            signatures |= scores.signatures
        self.scored = (values, per_clip, signatures, tuple(notes))
        return values

    def _prepare(self) -> list[tuple[Any, bool]]:
        """One scorer for the metrics of texts, and one each for those of events."""
        built = [metric.build() for metric in self.metrics]
        texts = [m for m in built if not getattr(m, "reads_events", False)]
        scorers: list[tuple[Any, bool]] = []
        if texts:
            scorers.append((Scorer(self.dataset.references(), texts), False))
        durations = self.dataset.durations()
        events = [m for m in built if getattr(m, "reads_events", False)]
        scorers += [(m.scorer(self.dataset.events(), durations), True) for m in events]
        return scorers


def caption(captioner: Captioner, run: Training, dataset: Any, panels: int = 0) -> list[Prediction]:
    """Predictions for every clip of a dataset, on the main process; the others get an empty list."""
    rank, world = dist.get_rank(), dist.get_world_size()
    captioner.eval()
    mine: list[Prediction] = []
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):  # when a run is scored must not change how it goes on
        for batch in evaluation_batches(
            dataset, run.tokenizer, run.evaluate.batch or run.runtime.batch, rank, world
        ):
            mine += captioner.predict(batch.to(captioner.device), panels=len(mine) * world < panels)
    gathered = dist.all_gather_object(mine)
    if rank != 0:
        return []
    order = {clip.id: place for place, clip in enumerate(dataset.clips)}
    return sorted((p for part in gathered for p in part), key=lambda p: order[p.clip.id])


def evaluate(captioner: Captioner, run: Training, split: str, panels: int = 0) -> Evaluation | None:
    """Caption and score a split; None on all but the main process."""
    dataset = run.evaluation_dataset(split)
    predictions = caption(captioner, run, dataset, panels)
    if dist.get_rank() != 0:
        return None
    metric = run.metric(split)
    metric.process(None, predictions)
    metric.compute_metrics(metric.results)
    metric.results.clear()
    assert metric.scored is not None
    values, per_clip, signatures, notes = metric.scored
    streams = absent_streams(
        getattr(captioner.head, "streams", ()), [p.extras.get("streams", ()) for p in predictions]
    )
    return Evaluation(values, per_clip, signatures, dataset.coverage(), predictions, (*notes, *streams))
