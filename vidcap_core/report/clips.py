"""What a page shows of a clip: light facts for the list, heavy details that are read when it is looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_core.contracts.panels import Timeline, plain, to_plain
from vidcap_core.contracts.types import Event
from vidcap_core.errors import UserError
from vidcap_core.report import frames, renderers
from vidcap_core.saved.predictions import reference_tracks

EVENT_FILM = (4, 80)
"""Frames of an event, and their short side."""
INSTANT = 0.01


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

    def filmstrip(self, of_events: bool = True, side: int = frames.SIDE) -> dict[str, Any] | None:
        """Small frames of the clip and, of several events, of each; or why there are none; None without a file.

        side: of the clip's frames, in pixels.
        """
        if self.path is None:
            return None
        if not Path(self.path).is_file():
            return {"note": "the video is not where it was when the run was made"}
        try:
            film = frames.filmstrip(self.path, self.span, side=side)
            if of_events and len(self.events) > 1:
                film["events"] = [frames.filmstrip(self.path, span, *EVENT_FILM) for span in self._moments()]
            return film
        except UserError as error:
            return {"note": error.line}
        except OSError as error:
            return {"note": str(error)}

    def _moments(self) -> list[tuple[float, float]]:
        """When the events are; one that ends as it begins still has a picture."""
        return [(event["start"], max(event["end"], event["start"] + INSTANT)) for event in self.events]


def view(
    prediction: Mapping[str, Any],
    references: Sequence[Any] = (),
    scores: Mapping[str, float] | None = None,
    panels: Sequence[Mapping[str, Any]] = (),
) -> ClipView:
    """A clip from the files of a run; reference events become a timeline and, as texts, references."""
    texts, tracks = reference_tracks(references)
    events = tuple(prediction.get("events", ()))
    reference = [event for track in tracks for event in track]
    shown = [
        {"reference": plain(reference), **_filled(panel)} if panel["kind"] == Timeline.kind else panel
        for panel in panels
    ]
    if (len(events) > 1 or reference) and not any(panel["kind"] == Timeline.kind for panel in panels):
        predicted = tuple(Event(e["start"], e["end"], e["text"], e.get("score")) for e in events)
        shown.insert(0, to_plain(Timeline(predicted, tuple(reference))))
    texts += [f"{event.start:.1f}–{event.end:.1f} s: {event.text}" for event in reference]
    span = prediction.get("span") or [
        min((e["start"] for e in events), default=0.0),
        max((e["end"] for e in events), default=0.0),
    ]
    return ClipView(
        id=str(prediction["id"]),
        text=prediction["text"],
        span=(span[0], span[1]),
        path=prediction.get("path"),
        events=events,
        references=tuple(texts),
        scores=dict(scores or {}),
        panels=tuple(shown),
        n_best=tuple(prediction.get("n_best", ())),
    )


def _filled(panel: Mapping[str, Any]) -> dict[str, Any]:
    """A panel's fields that hold something: a head knows no reference, so the page adds it."""
    return {name: value for name, value in panel.items() if name != "reference" or value}


def words_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The words of an event with the probability of each; the end of the text is no word."""
    words = event.get("words")
    if (
        not words or not words["log_probs"]
    ):  # of a head that writes texts: nobody knows how sure it is of a word
        return [{"text": word} for word in event["text"].split()]
    pairs = zip(words["tokens"], words["log_probs"], strict=False)
    return [
        {"text": token.strip(), "p": round(math.exp(min(0.0, p)), 4)} for token, p in pairs if token.strip()
    ]


def films(
    clips: Sequence[ClipView], metric: str | None, limit: int, seconds: float
) -> dict[int, dict[str, Any] | None]:
    """Filmstrips by index in the list: at most `limit` clips, and none begun after so many seconds."""
    end = time.monotonic() + seconds
    filmstrips = {}
    for index in with_frames(clips, metric, limit):
        if time.monotonic() > end:
            break
        filmstrips[index] = clips[index].filmstrip()
    return filmstrips


def with_frames(clips: Sequence[ClipView], metric: str | None, limit: int) -> list[int]:
    """Indices of the clips that get frames: those with panels, the worst and the best in turn, the first."""
    chosen = dict.fromkeys(index for index, clip in enumerate(clips) if clip.panels)
    if metric is not None:
        scored = [index for index, clip in enumerate(clips) if metric in clip.scores]
        scored.sort(key=lambda index: clips[index].scores[metric])
        for worst, best in zip(scored, reversed(scored), strict=True):
            chosen |= {worst: None, best: None}
    return list(chosen | dict.fromkeys(range(len(clips))))[:limit]
