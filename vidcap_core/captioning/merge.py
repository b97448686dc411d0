"""Predictions of a file's spans as one of the file: an event, or several, for each span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidcap_core.contracts.panels import FrameAttention, Panel, SpatialAttention, Timeline
from vidcap_core.contracts.types import Clip, Prediction


def merged(path: Path, said: Sequence[Prediction]) -> Prediction:
    """The file's prediction; of spans, their events one after the other."""
    if len(said) == 1 and said[0].clip.end is None:
        return said[0]
    extras: dict[str, Any] = {
        "words": [words for one in said for words in one.extras["words"]],
        "streams": sorted({name for one in said for name in one.extras["streams"]}),
        "panels": list(_panels(said)),
    }
    if any("n_best" in one.extras for one in said):
        extras["n_best"] = [
            texts for one in said for texts in one.extras.get("n_best", [[] for _ in one.events])
        ]
    clip = Clip(path.stem, str(path), duration=said[0].clip.duration)
    return Prediction(clip, tuple(event for one in said for event in one.events), extras)


def _panels(said: Sequence[Prediction]) -> Iterator[Panel]:
    """Attention of each event, which says whose it is, and one timeline; other panels are of a span alone."""
    lines: list[Timeline] = []
    first = 0
    for one in said:
        for panel in one.extras["panels"]:
            if isinstance(panel, Timeline):
                lines.append(panel)
            elif isinstance(panel, (FrameAttention, SpatialAttention)):
                yield replace(panel, event=first + (panel.event or 0))
        first += len(one.events)
    if lines:
        masks = tuple(mask for line in lines for mask in line.masks)
        yield Timeline(tuple(e for line in lines for e in line.predicted), masks=masks, title=lines[0].title)
