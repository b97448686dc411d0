"""Files of dense captioning: ActivityNet Captions annotations, ActivityNet results, a run's own; plain or gzipped."""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from vidcap_metrics.errors import DAMAGED, DataError
from vidcap_metrics.event import Event
from vidcap_metrics.formats import json_lines, parse_json, unpacked
from vidcap_metrics.own_files import latest


@dataclass(frozen=True)
class Annotations:
    """What one annotator or one system wrote: events and durations by clip."""

    events: dict[str, tuple[Event, ...]]
    durations: dict[str, float]


def read_references(path: str | Path) -> list[Annotations]:
    """`{clip: {"duration": s, "timestamps": [[start, end], …], "sentences": [text, …]}}`, of one annotator.

    A run's `references-SPLIT.json` has all annotators: `{clip: [[{"start": s, "end": s, "text": text}, …], …]}`.
    """
    data = _clips(path, _read(path))
    if all(_has_tracks(entry) for entry in data.values()):
        count = max(len(tracks) for tracks in data.values())
        files = [{c: tracks[n] for c, tracks in data.items() if len(tracks) > n} for n in range(count)]
        return [
            Annotations({clip: _plain_events(path, clip, track) for clip, track in file.items()}, {})
            for file in files
        ]
    events, durations = {}, {}
    for clip, entry in data.items():
        if not isinstance(entry, dict) or not {"timestamps", "sentences"} <= entry.keys():
            raise DataError(
                f"{path}: clip '{clip}' has no timestamps and sentences",
                hint='{"v_id": {"duration": 9.5, "timestamps": [[0, 4]], "sentences": ["..."]}}',
            )
        times, texts = entry["timestamps"], entry["sentences"]
        if not isinstance(times, list) or not isinstance(texts, list):
            raise DataError(
                f"{path}: timestamps and sentences of clip '{clip}' are no lists",
                hint='"timestamps": [[0, 4]], "sentences": ["..."]',
            )
        if len(times) != len(texts):
            raise DataError(
                f"{path}: clip '{clip}' has {len(times)} timestamps and {len(texts)} sentences",
                hint="every event needs both",
            )
        events[clip] = tuple(_event(path, clip, time, text) for time, text in zip(times, texts, strict=True))
        if "duration" in entry:
            durations[clip] = duration_of(path, clip, entry["duration"])
    return [Annotations(events, durations)]


def read_predictions(path: str | Path) -> Annotations:
    """`{"results": {clip: [{"sentence": text, "timestamp": [start, end]}, …]}}`, ActivityNet's results.

    A run's `predictions-SPLIT.json` has the clips' spans too: `[{"id": clip, "span": [0, s], "events": [...]}, …]`.
    """
    if str(path).lower().endswith((".jsonl", ".jsonl.gz")):
        return _run_predictions(path, list(latest(json_lines(path, _text(path)))))
    data = _read(path)
    if isinstance(data, list):
        return _run_predictions(path, data)
    data = _clips(path, data)
    results = data.get("results")
    if not isinstance(results, dict):
        raise DataError(
            f'{path}: no "results" by clip',
            hint='{"results": {"v_id": [{"sentence": "", "timestamp": [0, 4.5]}]}}',
        )
    out = {}
    for clip, entries in results.items():
        if not isinstance(entries, list):
            raise DataError(
                f"{path}: the events of clip '{clip}' are no list", hint="[] for a clip without events"
            )
        for entry in entries:
            if not isinstance(entry, dict) or not {"timestamp", "sentence"} <= entry.keys():
                raise DataError(
                    f"{path}: clip '{clip}': {entry!r:.60} is no event",
                    hint='{"sentence": "...", "timestamp": [0, 4.5]}',
                )
        out[clip] = tuple(_event(path, clip, entry["timestamp"], entry["sentence"]) for entry in entries)
    return Annotations(out, {})


def paragraph(events: Sequence[Event]) -> str:
    """Events as one text, in the order of the file."""
    return " ".join(event.text.strip() for event in events if event.text.strip())


def load_paragraphs(path: str | Path) -> dict[str, str]:
    """One paragraph a clip."""
    return {clip: paragraph(events) for clip, events in read_predictions(path).events.items()}


def _run_predictions(path: str | Path, entries: list[Any]) -> Annotations:
    events: dict[str, tuple[Event, ...]] = {}
    durations: dict[str, float] = {}
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not {"id", "events"} <= entry.keys():
            raise DataError(
                f"{path}, entry {number}: no id and events",
                hint="predictions-SPLIT.json of a run, or ActivityNet results",
            )
        clip = str(entry["id"])
        if clip in events:
            raise DataError(f"{path}: '{clip}' comes more than once", hint="keep one entry for every clip")
        events[clip] = _plain_events(path, clip, entry["events"])
        whole = _event(path, clip, entry.get("span", (0, 0)), "")
        if whole.end > whole.start:  # else its length was not known
            durations[clip] = whole.end - whole.start
    if not events:
        raise DataError(f"{path}: holds no clips", hint="check that the file is the one you meant")
    return Annotations(events, durations)


def _has_tracks(entry: object) -> bool:
    """Whether an entry is one list of events an annotator."""
    return isinstance(entry, list) and bool(entry) and all(isinstance(track, list) for track in entry)


def _plain_events(path: str | Path, clip: str, events: object) -> tuple[Event, ...]:
    """Events as a run stores them."""
    out = []
    for event in events if isinstance(events, list) else [events]:
        if not isinstance(event, dict) or not {"start", "end", "text"} <= event.keys():
            raise DataError(
                f"{path}: clip '{clip}': {event!r:.60} is no event",
                hint='{"start": 0, "end": 4.5, "text": ""}',
            )
        out.append(_event(path, clip, [event["start"], event["end"]], event["text"]))
    return tuple(out)


def _unpacked(path: str | Path) -> bytes:
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", hint="check the path") from None
    try:
        if raw[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(raw)) as file:
                return unpacked(path, cast(IO[bytes], file))
    except DAMAGED as error:
        raise DataError(f"{path}: cannot be unpacked: {error}", hint="get the file again") from error
    return raw


def _text(path: str | Path) -> str:
    try:
        return _unpacked(path).decode("utf-8-sig")
    except ValueError as error:
        raise DataError(f"{path} cannot be read as text: {error}", hint="captions are UTF-8 text") from error


def _read(path: str | Path) -> Any:
    return parse_json(path, _unpacked(path), lambda pairs: _once(path, pairs))


def _clips(path: str | Path, data: object) -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        raise DataError(f"{path}: holds no clips", hint="check that the file is the one you meant")
    return data


def _once(path: str | Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: JSON itself would keep the last of two clips of one id."""
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: '{twice}' comes more than once", hint="keep one entry for every clip")
    return out


def duration_of(path: str | Path, clip: str, value: object) -> float:
    """Seconds that a clip lasts."""
    seconds = _seconds(value)
    if not 0 < seconds < math.inf:
        raise DataError(
            f"{path}: clip '{clip}' has the duration {value!r:.40}",
            hint="a finite number of seconds above 0, or leave it out",
        )
    return seconds


def _seconds(value: object) -> float:
    """A number as a float; NaN for what is none, or larger than any float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _event(path: str | Path, clip: str, time: Any, text: object) -> Event:
    if not isinstance(text, str):
        raise DataError(
            f"{path}: clip '{clip}' has the sentence {text!r:.40} ({type(text).__name__})",
            hint="sentences are strings; leave out an event without one",
        )
    times = [_seconds(t) for t in time] if isinstance(time, (list, tuple)) else []
    if len(times) != 2 or not all(math.isfinite(t) for t in times):
        raise DataError(
            f"{path}: clip '{clip}' has the timestamp {time!r:.60}", hint="[start, end] in seconds"
        )
    return Event(times[0], times[1], text)
