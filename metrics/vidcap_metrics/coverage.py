"""Which clips of a dense evaluation count, and what is wrong with their events."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from vidcap_metrics.errors import DataError
from vidcap_metrics.event import Event
from vidcap_metrics.intervals import Events
from vidcap_metrics.scorer import Missing, ScoreWarning


def annotators(references: Events | Sequence[Events]) -> tuple[Events, ...]:
    """References as one mapping per annotator, checked."""
    files = (references,) if isinstance(references, Mapping) else tuple(references)
    if not any(files):
        raise DataError("there are no references", hint="check that the reference file is the one you meant")
    return files


def scored_clips(
    predictions: Events, files: Sequence[Events], missing: Missing, notes: list[str]
) -> list[str]:
    """The clips that count: all that have references, or with `skip` those that are predicted too."""
    if not predictions:
        raise DataError("there are no predictions", hint="check that the file is the one you meant")
    known = list(dict.fromkeys(clip for file in files for clip in file))
    both = [clip for clip in known if clip in predictions]
    if not both:
        raise DataError(
            f"no clip has both: predictions are for {some(predictions)}, references for {some(known)}",
            hint="write the ids the same way in both files (ActivityNet ids begin with v_)",
        )
    absent = [clip for clip in known if clip not in predictions]
    extra = sorted(set(predictions) - set(known))
    messages = []
    if absent:
        messages.append(f"{len(absent)} of {len(known)} clips have no prediction ({some(absent)})")
    if extra:
        messages.append(f"{len(extra)} predicted clips have no references and are left out ({some(extra)})")
    if absent and missing == "error":
        raise DataError("; ".join(messages), hint="--missing skip (score the others) or --missing zero")
    notes += [line + (f", policy: {missing}" if line is messages[0] and absent else "") for line in messages]
    return both if missing == "skip" else known


def check_predictions(predictions: Events, notes: list[str], texts: bool = True) -> None:
    """Refuse what is no event; note what can only score 0."""
    empty = [clip for clip, events in predictions.items() if not events]
    for clip, events in predictions.items():
        for event in events:
            _check_event("prediction", clip, event)
            if event.end < event.start:
                raise DataError(
                    f"a prediction of clip '{clip}' ends before it starts: [{event.start:g}, {event.end:g}]",
                    hint="write timestamps as [start, end] in seconds",
                )
    points = [clip for clip, events in predictions.items() if any(e.end == e.start for e in events)]
    silent = [clip for clip, events in predictions.items() if any(not e.text.strip() for e in events)]
    if empty:
        notes.append(f"{len(empty)} clips have an empty list of events and score 0 ({some(empty)})")
    if points:
        notes.append(
            f"{len(points)} clips have predictions of no length, which overlap nothing ({some(points)})"
        )
    if silent and texts:
        notes.append(f"{len(silent)} clips have predictions without words ({some(silent)})")


def check_references(files: Sequence[Events], notes: list[str]) -> None:
    """Refuse references that are no events; note intervals that nothing can overlap."""
    for number, file in enumerate(files, start=1):
        for clip, events in file.items():
            for event in events:
                _check_event("reference", clip, event)
        bad = [clip for clip, events in file.items() if any(event.end <= event.start for event in events)]
        bare = [clip for clip, events in file.items() if not events]
        if bad:
            what = "clips have an interval that is reversed or has no length"
            notes.append(f"references {number}: {len(bad)} {what} ({some(bad)})")
        if bare:
            notes.append(f"references {number}: {len(bare)} clips have no events ({some(bare)})")


def _check_event(what: str, clip: str, event: Event) -> None:
    if not isinstance(event, Event):
        raise DataError(
            f"a {what} of clip '{clip}' is {type(event).__name__} {event!r:.40}, not an event",
            hint="Event(start, end, text), or read the file with read_predictions / read_references",
        )
    if not isinstance(event.text, str):
        raise DataError(
            f"a {what} of clip '{clip}' is {type(event.text).__name__} {event.text!r:.40}, not text",
            hint="sentences are strings; leave out an event without one",
        )
    if not all(isinstance(t, (int, float)) and math.isfinite(t) for t in (event.start, event.end)):
        raise DataError(
            f"a {what} of clip '{clip}' has the times {event.start!r}, {event.end!r}",
            hint="times are finite numbers of seconds",
        )


def tell(notes: Sequence[str]) -> tuple[str, ...]:
    """Warn of every note, and hand them on."""
    for note in notes:
        warnings.warn(note, ScoreWarning, stacklevel=3)
    return tuple(notes)


def some(clips: Mapping[str, Any] | Sequence[str]) -> str:
    """The first three ids."""
    names = [f"'{clip}'" for clip in list(clips)[:3]]
    return ", ".join(names) + (", ..." if len(clips) > 3 else "")
