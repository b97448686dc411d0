"""Localisation for nothing: predictions that never saw a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vidcap_metrics.errors import DataError
from vidcap_metrics.event import Event
from vidcap_metrics.intervals import Events


def equal_segments(
    durations: Mapping[str, float], count: int | Mapping[str, int], width: float = 1.0
) -> dict[str, list[Event]]:
    """N equal parts of every clip, each `width` times as long about its centre, cut off at the ends."""
    out = {}
    for clip, duration in durations.items():
        n = count if isinstance(count, int) else count[clip]
        half = width * duration / (2 * n) if n else 0.0
        centres = [(k + 0.5) * duration / n for k in range(n)]
        out[clip] = [Event(max(0.0, c - half), min(duration, c + half), "") for c in centres]
    return out


def whole_and_halves(durations: Mapping[str, float]) -> dict[str, list[Event]]:
    """The whole clip and its two halves."""
    return {
        clip: [Event(0.0, d, ""), Event(0.0, d / 2, ""), Event(d / 2, d, "")] for clip, d in durations.items()
    }


def mean_count(*files: Events) -> int:
    """Events of a clip on average, rounded: what a training split tells about how many to expect."""
    counts = [len(clip_events) for file in files for clip_events in file.values()]
    return max(1, round(float(np.mean(counts or [0]))))


def usual_count(*files: Events) -> int:
    """The commonest number of events of a clip; the smaller of two equally common."""
    counts = [len(clip_events) for file in files for clip_events in file.values()]
    return max(1, int(np.bincount(counts or [0]).argmax()))


def last_ends(files: Sequence[Events]) -> dict[str, float]:
    """Each clip's last annotated second: a stand-in where durations are unknown."""
    out: dict[str, float] = {}
    for file in files:
        for clip, events in file.items():
            out[clip] = max([out.get(clip, 0.0), *(event.end for event in events)])
    return out


def median_intervals(events: Events, durations: Mapping[str, float], count: int) -> list[tuple[float, float]]:
    """Median start and end of the k-th event, as parts of the clip, over clips with `count` events."""
    rows = [
        [(event.start / durations[clip], event.end / durations[clip]) for event in clip_events]
        for clip, clip_events in events.items()
        if len(clip_events) == count
    ]
    if not rows:
        raise DataError(f"no clip has {count} events", hint="a number of events that some clip has")
    return [(float(start), float(end)) for start, end in np.median(np.array(rows), axis=0)]


def constant_intervals(
    durations: Mapping[str, float], parts: Sequence[tuple[float, float]]
) -> dict[str, list[Event]]:
    """The same parts of every clip."""
    return {clip: [Event(s * d, e * d, "") for s, e in parts] for clip, d in durations.items()}
