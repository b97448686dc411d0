"""Caption a split and score it: every clip exactly once, whatever the number of processes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.events import PROBLEM
from vidcap_core.captioner.missing_streams import absent_streams
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Prediction
from vidcap_core.engine import mm, optimizers, sharding
from vidcap_core.engine.data import data_workers, evaluation_batches
from vidcap_core.engine.training import Training
from vidcap_core.errors import UserError
from vidcap_metrics.counted import plural

SHOWN = 10
"""Scores in the line for people, at most."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a split, what they were made from, and what they mean."""

    values: dict[str, float]
    per_clip: dict[str, dict[str, float]]
    signatures: dict[str, str]  # what each value means
    clips: str  # "N of M"
    predictions: list[Prediction]
    notes: tuple[str, ...] = ()  # what looks odd about the numbers
    changes: Mapping[str, Any] = field(default_factory=dict)  # keys that differ from the run's config

    def line(self, file: str, best: str | None = None) -> str:
        """The scores in one line for people: of many the most telling ones, and the file that holds all."""
        names = self._telling(best)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in self.values.items() if name in names)
        more = f"; all {len(self.values)} scores: {file}" if len(names) < len(self.values) else ""
        clips = plural(int(self.clips.split()[2]), "clip")  # N of M, and of missing ones a hash
        return f"{shown}  ({self.clips} {clips}{more})"

    def _telling(self, best: str | None) -> list[str]:
        """The score that picks the best weights, then the first ones of each metric in turn, details last."""
        ranks: dict[str, tuple[bool, bool, int]] = {}
        seen: Counter[str] = Counter()
        for name in self.values:
            metric = self.signatures.get(name, "").partition("|")[0]
            detail = "@" in name or ":" in name
            ranks[name] = (name.lower() != (best or "").lower(), detail, seen[metric])
            seen[metric] += 1
        return sorted(ranks, key=ranks.__getitem__)[:SHOWN]

    def to_json(self, split: str) -> dict[str, Any]:
        """Plain data; what is no number (a metric of a plugin may give nan) is null, which JSON knows."""
        return {
            "split": split,
            "clips": self.clips,
            "values": _finite(self.values),
            "signatures": self.signatures,
            "notes": list(self.notes),
            **({"changes": dict(self.changes)} if self.changes else {}),
            "per_clip": {name: _finite(values) for name, values in self.per_clip.items()},
        }

    def value(self, name: str) -> float:
        """One score by name, whatever its case."""
        values = {key.lower(): value for key, value in self.values.items()}
        if name.lower() not in values:
            raise UserError(f"evaluate.best: no score is named '{name}'; there are {', '.join(self.values)}")
        return values[name.lower()]


def caption(captioner: Captioner, training: Training, dataset: Dataset, panels: int = 0) -> list[Prediction]:
    """Predictions for every clip of a dataset, on the main process; the others get an empty list."""
    rank, world = mm.rank(), mm.world_size()
    captioner.eval()
    mine: list[Prediction] = []
    batch_size = training.evaluate.batch or training.runtime.batch
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    amp, device = training.runtime.amp, captioner.device
    with (
        torch.random.fork_rng(devices),  # when a run is scored must not change how it goes on
        sharding.whole(captioner),
        optimizers.autocast(amp, device.type),
    ):
        prepare, workers = captioner.prepare, data_workers(training.runtime.workers, device.type)
        for batch in evaluation_batches(
            dataset, training.tokenizer, batch_size, rank, world, prepare, workers
        ):
            mine += captioner.predict(batch.to(captioner.device), panels=len(mine) * world < panels)
    gathered = mm.gather(mine)
    if rank != 0:
        return []
    order = {clip.id: index for index, clip in enumerate(dataset.clips)}
    return sorted((p for part in gathered for p in part), key=lambda p: order[p.clip.id])


def evaluate(captioner: Captioner, training: Training, split: str) -> Evaluation | None:
    """Caption and score a split; None on all but the main process."""
    predictions = caption(captioner, training, training.evaluation_dataset(split))
    return score(captioner, training, split, predictions) if mm.is_main() else None


def score(captioner: Captioner, training: Training, split: str, predictions: list[Prediction]) -> Evaluation:
    """Score what was said of a split."""
    scores = training.metric(split).score(predictions)
    streams = absent_streams(
        getattr(captioner.head, "streams", ()), [p.extras.get("streams", ()) for p in predictions]
    )
    return Evaluation(
        scores.values,
        scores.clips,
        _of_texts(scores.signatures, captioner.head.normalisation),
        training.evaluation_dataset(split).coverage(),
        predictions,
        (*scores.warnings, *streams, *_without_text(predictions), *captioner.head.notes()),
    )


def _of_texts(signatures: Mapping[str, str], normalisation: str) -> dict[str, str]:
    """Signatures that say too what the head makes of its texts."""
    more = f"|texts:{normalisation}" if normalisation else ""
    return {name: f"{signature}{more}" for name, signature in signatures.items()}


def _without_text(predictions: list[Prediction]) -> list[str]:
    """That clips have no text, which scores as an empty one, and the first reason; nothing where all have one."""
    reasons = [p.extras[PROBLEM] for p in predictions if PROBLEM in p.extras]
    if not reasons:
        return []
    clips = f"{len(reasons)} {'clip has' if len(reasons) == 1 else 'clips have'}"
    return [f"{clips} no text, which scores as an empty one: {reasons[0]}"]


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
