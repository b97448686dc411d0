"""Annotations of events: `{clip: {"duration": s, "timestamps": [[start, end], ...], "sentences": [...]}}`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_core.contracts.types import Clip, Event
from vidcap_core.datasets.files import read_json
from vidcap_core.datasets.records import Defect, Reading, Record
from vidcap_core.errors import DataError

TOLERANCE = 1e-6
"""Seconds; durations and ends were written with different rounding, so equal times can differ in the last bit."""


@dataclass
class Oddities:
    """Clips whose times cannot be right, by what is wrong."""

    reversed: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)

    def defects(self) -> list[Defect]:
        """What was found and what became of it."""
        defects = [
            Defect(
                "events end before they start", tuple(self.reversed), "start and end were swapped", known=True
            ),
            Defect("events without length", tuple(self.empty), "kept as they are", known=True),
            Defect(
                "events end after their video",
                tuple(self.beyond),
                "ends were cut at the duration",
                known=True,
            ),
        ]
        return [defect for defect in defects if defect.ids]


def read_dense(paths: Sequence[Path]) -> Reading:
    """A split by one annotator a file; a clip counts when any of them described it."""
    oddities = Oddities()
    clips: dict[str, Clip] = {}
    events: dict[str, list[tuple[Event, ...]]] = {}
    for path in paths:
        data = read_json(path)
        if not isinstance(data, dict) or not data:
            raise DataError(f"{path}: holds no clips by id")
        for name, entry in data.items():
            duration = _duration(path, name, entry)
            clips.setdefault(name, Clip(name, duration=duration))
            events.setdefault(name, []).append(_events(path, name, entry, duration, oddities))
    records = [
        Record(clip, annotators=tuple(events[name]), names=_names(name)) for name, clip in clips.items()
    ]
    return Reading(records, list(clips), oddities.defects(), list(paths))


def _names(name: str) -> tuple[str, ...]:
    """Files are named with or without the `v_`."""
    return (name[2:],) if name.startswith("v_") else (f"v_{name}",)


def _duration(path: Path, name: str, entry: Mapping[str, Any]) -> float:
    try:
        duration = float(entry["duration"])
    except (TypeError, KeyError, ValueError, OverflowError):
        raise DataError(f"{path}: clip '{name}' has no duration") from None
    if not 0 < duration < math.inf:  # NaN is neither
        raise DataError(
            f"{path}: clip '{name}' has the duration {duration}", hint="a number of seconds above 0"
        )
    return duration


def _events(
    path: Path, name: str, entry: dict[str, Any], duration: float, oddities: Oddities
) -> tuple[Event, ...]:
    times, texts = entry.get("timestamps", ()), entry.get("sentences", ())
    if not isinstance(times, (list, tuple)) or not isinstance(texts, (list, tuple)):
        raise DataError(f"{path}: timestamps and sentences of clip '{name}' are no lists")
    if len(times) != len(texts):
        raise DataError(f"{path}: clip '{name}' has {len(times)} timestamps and {len(texts)} sentences")
    events = []
    for index, (time, text) in enumerate(zip(times, texts, strict=True)):
        start, end = _span(path, name, time)
        if not isinstance(text, str):
            raise DataError(
                f"{path}: clip '{name}' has the sentence {text!r:.40}", hint="sentences are strings"
            )
        event_id = f"{name}#{index}"
        if end < start:
            oddities.reversed.append(event_id)
            start, end = end, start
        if end == start:
            oddities.empty.append(event_id)
        if end > duration + TOLERANCE:
            oddities.beyond.append(event_id)
        events.append(Event(min(float(start), duration), min(float(end), duration), text.strip()))
    return tuple(events)


def _span(path: Path, name: str, time: object) -> tuple[float, float]:
    try:
        start, end = map(float, time)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        start = end = math.nan
    if not math.isfinite(start) or not math.isfinite(end):
        raise DataError(
            f"{path}: clip '{name}' has the timestamp {time!r:.40}", hint="[start, end] in seconds"
        )
    return start, end
