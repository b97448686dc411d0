"""Predictions of a file's spans as one of the file: an event, or several, for each span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from vidcap_core.captioner.panels import FAILED
from vidcap_core.contracts.panels import FrameAttention, Panel, SpatialAttention, Timeline
from vidcap_core.contracts.types import Clip, Prediction
from vidcap_core.files.remote import Source


def merged(path: Source, predictions: Sequence[Prediction]) -> Prediction:
    """The file's prediction; of spans, their events one after the other."""
    if len(predictions) == 1 and predictions[0].clip.end is None:
        return predictions[0]
    extras: dict[str, Any] = {
        "words": [words for prediction in predictions for words in prediction.extras["words"]],
        "streams": sorted({name for prediction in predictions for name in prediction.extras["streams"]}),
        "panels": list(_panels(predictions)),
    }
    if reasons := [prediction.extras[FAILED] for prediction in predictions if FAILED in prediction.extras]:
        extras[FAILED] = reasons[0]
    if any("n_best" in prediction.extras for prediction in predictions):
        extras["n_best"] = [
            texts
            for prediction in predictions
            for texts in prediction.extras.get("n_best", [[] for _ in prediction.events])
        ]
    clip = Clip(path.stem, str(path), duration=predictions[0].clip.duration)
    return Prediction(clip, tuple(event for prediction in predictions for event in prediction.events), extras)


def _panels(predictions: Sequence[Prediction]) -> Iterator[Panel]:
    """Attention of each event, which says whose it is, and one timeline; other panels are of a span alone."""
    lines: list[Timeline] = []
    first = 0
    for prediction in predictions:
        for panel in prediction.extras["panels"]:
            if isinstance(panel, Timeline):
                lines.append(panel)
            elif isinstance(panel, (FrameAttention, SpatialAttention)):
                yield replace(panel, event=first + (panel.event or 0))
        first += len(prediction.events)
    if lines:
        masks = tuple(mask for line in lines for mask in line.masks)
        yield Timeline(tuple(e for line in lines for e in line.predicted), masks=masks, title=lines[0].title)
