"""What a page shows of a clip: light facts for the list, heavy details that are read when it is looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_core.errors import UserError
from vidcap_core.report import frames, renderers
from vidcap_core.report.panels import Timeline, plain, to_plain
from vidcap_core.report.store import reference_tracks
from vidcap_core.types import Event


@dataclass(frozen=True)
class ClipView:
    """One clip of a page."""

    id: str
    text: str
    span: tuple[float, float]
    path: str | None = None
    events: tuple[Mapping[str, Any], ...] = ()
    references: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    panels: tuple[Mapping[str, Any], ...] = ()
    n_best: tuple[Sequence[str], ...] = ()

    def light(self) -> dict[str, Any]:
        """What the list, its order and its filter need."""
        scores = {name: score for name, score in self.scores.items() if math.isfinite(score)}
        data = {"id": self.id, "text": self.text, "references": list(self.references), "scores": scores}
        return data | {"confidence": self.confidence}

    def heavy(self, strip: Mapping[str, Any] | None) -> dict[str, Any]:
        """Words, panels and frames."""
        data = {
            "span": self.span,
            "events": [{**event, "words": words_of(event)} for event in self.events],
            "panels": [renderers.draw(dict(panel)) for panel in self.panels],
            "n_best": self.n_best,
            "film": strip,
        }
        return {name: plain(value) for name, value in data.items()}

    @property
    def confidence(self) -> float | None:
        """Geometric mean of the words' probabilities; None where they are unknown."""
        logs = [p for event in self.events for p in (event.get("words") or {}).get("log_probs", ())]
        return round(math.exp(sum(logs) / len(logs)), 4) if logs else None

    def films(
    clips: Sequence[ClipView], metric: str | None, limit: int, seconds: float
) -> dict[int, dict[str, Any] | None]:
    """Filmstrips by place in the list: at most `limit` clips, and none begun after so many seconds."""
    end = time.monotonic() + seconds
    found = {}
    for place in with_frames(clips, metric, limit):
        if time.monotonic() > end:
            break
        found[place] = clips[place].filmstrip()
    return found


def with_frames(clips: Sequence[ClipView], metric: str | None, limit: int) -> list[int]:
    """Places of the clips that get frames: those with panels, the worst and the best in turn, the first."""
    chosen = dict.fromkeys(place for place, clip in enumerate(clips) if clip.panels)
    if metric is not None:
        scored = [place for place, clip in enumerate(clips) if metric in clip.scores]
        scored.sort(key=lambda place: clips[place].scores[metric])
        for worst, best in zip(scored, reversed(scored), strict=True):
            chosen |= {worst: None, best: None}
    return list(chosen | dict.fromkeys(range(len(clips))))[:limit]
