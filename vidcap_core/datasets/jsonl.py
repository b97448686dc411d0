"""Videos of your own: one JSON object a line, with captions or events."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Clip, Event
from vidcap_core.datasets.annotated import Dataset, Unit
from vidcap_core.datasets.files import read_text
from vidcap_core.datasets.folders import find_file
from vidcap_core.datasets.records import Defect, Reading, Record, broken_videos
from vidcap_core.errors import DataError, VideoError
from vidcap_core.files.json_text import loads

KEYS = ("video", "id", "caption", "captions", "events", "start", "end", "duration", "split")
LATEST = 1e9
"""Seconds beyond which no video lasts."""
EXAMPLE = '{"video": "dog.mp4", "captions": ["a dog runs", "a puppy is running"]}'
EXAMPLE_EVENTS = '{"video": "day.mp4", "events": [{"start": 0, "end": 4.5, "text": "a dog wakes up"}]}'


class Jsonl(Dataset):
    """path: the file, or `<root>/<split>.jsonl`. root: the folder of the videos, or the file's own folder.

    A line names a `video` and has `captions` (or one `caption`), or `events` with start, end and text. It may have
    an `id`, a span `start` .. `end` of the video in seconds, a `duration`, and a `split` when one file holds several.
    """

    name = "jsonl"

    def __init__(
        self,
        split: str = "train",
        path: str | None = None,
        root: str | None = None,
        unit: Unit = "caption",
        streams: dict[str, str] | list[str] | None = None,
        optional: list[str] | None = None,
        frames: dict[str, Any] | None = None,
        audio: dict[str, Any] | bool | None = None,
        sample: dict[str, Any] | None = None,
        transforms: list[dict[str, Any]] | None = None,
        weak: bool = False,
        limit: int | None = None,
        ids: list[str] | str | None = None,
    ) -> None:
        self.path = None if path is None else Path(path).expanduser()
        if self.path is not None and not self.path.is_file():
            raise DataError(f"jsonl: there is no file {self.path}", hint=f"one object a line: {EXAMPLE}")
        if root is None and self.path is not None:
            root = str(self.path.parent)
        super().__init__(
            split, root, unit, streams, optional, frames, audio, sample, transforms, weak, limit, ids
        )

    @classmethod
    def missing(cls, path: str | None = None, root: str | None = None, **arguments: Any) -> Iterator[Missing]:
        """What is looked for beside the file, where no root is given."""
        if root is None and path is not None:
            root = str(Path(path).expanduser().parent)
        yield from super().missing(path=path, root=root, **arguments)

    def read(self, split: str) -> Reading:
        """Lines to records; lines of the same clip are put together."""
        path = self.path or find_file(self.folder, (f"{split}.jsonl",), f"{split}.jsonl")
        records: dict[str, Record] = {}
        first_lines: dict[
            str, tuple[int, str]
        ] = {}  # by clip, the line and the video it was first named with
        splits: set[str] = set()
        unread: dict[str, str] = {}
        for number, line in _lines(path):
            splits.add(str(line.get("split", split)))
            if line.get("split", split) != split:
                continue
            record = _record(path, number, line, self.folder, unread)
            first, video = first_lines.setdefault(record.id, (number, line["video"]))
            if first != number:
                if video != line["video"]:
                    raise _clash(path, number, record.id, first, f"for the video '{video}'")
                record = _joined(path, number, first, records[record.id], record)
            records[record.id] = record
        if not splits:
            raise DataError(f"{path}: the file is empty", hint=f"one object a line: {EXAMPLE}")
        if not records:
            have = ", ".join(f"'{name}'" for name in sorted(splits))
            raise DataError(
                f"{path}: no line belongs to the split '{split}', they belong to {have}",
                hint=f'"split": "{split}", or no "split" at all',
            )
        usable = [record for record in records.values() if record.id not in unread]
        return Reading(usable, list(records), [*broken_videos(unread), *_defects(usable)], [path], unread)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    content = read_text(path)
    for number, text in enumerate(re.split(r"\r\n|\n|\r", content), 1):
        if not text.strip():
            continue
        try:
            line = loads(text)
        except ValueError as error:
            at = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            what = f"{path}, line {number}{at}: not JSON ({getattr(error, 'msg', error)})"
            if _is_json(content):
                what = f"{path}: is one JSON value over several lines, not one object a line"
            raise DataError(what, hint=f"one object a line: {EXAMPLE}") from None
        if not isinstance(line, dict):
            raise DataError(f"{path}, line {number}: a {type(line).__name__}, not an object", hint=EXAMPLE)
        for key in line:
            if key not in KEYS:
                close = difflib.get_close_matches(key, KEYS, n=1)
                meant = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(KEYS)}"
                raise DataError(f"{path}, line {number}: unknown key '{key}'; {meant}", hint=EXAMPLE)
        yield number, line


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


def _record(path: Path, number: int, line: dict[str, Any], folder: Path, unread: dict[str, str]) -> Record:
    """A line as a record; `unread` gets the reason where its video must say how long it is, and cannot."""
    where = f"{path}, line {number}"
    video = line.get("video")
    if not isinstance(video, str) or not video:
        raise DataError(f"{where}: 'video' is missing", hint=EXAMPLE)
    start, end = _number(where, line, "start"), _number(where, line, "end")
    if end is not None and end <= (start or 0.0):
        raise DataError(f"{where}: the clip ends at {end:g} s and starts at {start or 0.0:g} s")
    span = "" if start is None and end is None else f"_{start or 0.0:g}_{'' if end is None else f'{end:g}'}"
    name = line.get("id", Path(video).stem + span)
    if not isinstance(name, str) or not name:
        raise DataError(f"{where}: 'id' must be text, not {name!r}")
    duration = _number(where, line, "duration")
    if duration == 0:
        raise DataError(f"{where}: the video lasts 0 s", hint='leave "duration" out, or say how long it is')
    clip = Clip(name, _file(folder, video), start or 0.0, end, duration)
    events = tuple(_events(where, line))
    captions = tuple(_captions(where, line))
    if bool(events) == bool(captions):
        problem = "both captions and events" if events else "neither captions nor events"
        raise DataError(f"{where}: has {problem}", hint=f"{EXAMPLE}  or  {EXAMPLE_EVENTS}")
    if events and clip.duration is None:
        try:
            clip = _measured(where, clip, max(event.end for event in events))
        except VideoError as error:
            unread[name] = error.message
    return Record(clip, captions, (events,) if events else (), names=(Path(video).stem,))


def _file(folder: Path, video: str) -> str | None:
    """Where a video is, if it is there; a name that no file can have is that of none."""
    try:
        file = folder / Path(video).expanduser()
        return str(file) if file.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _captions(where: str, line: dict[str, Any]) -> Iterator[str]:
    if "caption" in line and not isinstance(line["caption"], str):
        raise DataError(
            f"{where}: 'caption' is one text, not {line['caption']!r:.40}",
            hint='"caption": "a dog runs", or "captions": ["...", "..."]',
        )
    captions = line.get("captions", [line["caption"]] if "caption" in line else [])
    if not isinstance(captions, list):
        text = captions[:30] if isinstance(captions, str) else "a dog runs"
        raise DataError(
            f"{where}: 'captions' is a list, not {captions!r:.40}",
            hint=f'"captions": ["{text}"], or "caption": "..."',
        )
    for text in captions:
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"{where}: a caption is {text!r:.40}, not words")
        yield text.strip()


def _events(where: str, line: dict[str, Any]) -> Iterator[Event]:
    events = line.get("events", [])
    if not isinstance(events, list):
        raise DataError(f"{where}: 'events' is a list, not {events!r:.40}", hint=EXAMPLE_EVENTS)
    for event in events:
        if not isinstance(event, dict) or not {"start", "end", "text"} <= event.keys():
            raise DataError(f"{where}: {event!r:.60} is no event", hint=EXAMPLE_EVENTS)
        start, end = _number(where, event, "start"), _number(where, event, "end")
        if start is None or end is None or end <= start:
            raise DataError(f"{where}: an event from {start} to {end} s; it must end after it starts")
        if not isinstance(event["text"], str) or not event["text"].strip():
            raise DataError(f"{where}: the text of an event is {event['text']!r:.40}, not words")
        yield Event(start, end, event["text"].strip())


def _number(where: str, line: dict[str, Any], key: str) -> float | None:
    value = line.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise DataError(f"{where}: '{key}' must be a number of seconds, not {value!r:.40}")
    if value is not None and not 0 <= value <= LATEST:  # NaN is neither
        raise DataError(f"{where}: '{key}' is {value!r:.40}; times are seconds from the start of the video")
    return None if value is None else float(value)


def _measured(where: str, clip: Clip, last: float) -> Clip:
    """Events need to know how long their video is."""
    if clip.path is None:
        raise DataError(
            f"{where}: the video is not there, so how long it is must be said",
            hint=f'"duration": {last:g}, or put the video there',
        )
    from vidcap_core.video.probe import probe

    return Clip(clip.id, clip.path, clip.start, clip.end, probe(clip.path).duration)


def _joined(path: Path, number: int, first: int, old: Record, new: Record) -> Record:
    if old.clip != new.clip:
        raise _clash(path, number, new.id, first, "with another span or duration")
    if not (old.captions and new.captions):
        raise _clash(path, number, new.id, first, "and only captions can be put together")
    return Record(old.clip, old.captions + new.captions, names=old.names)


def _clash(path: Path, number: int, name: str, first: int, how: str) -> DataError:
    message = f"{path}, line {number}: clip '{name}' was there before (line {first}), {how}"
    return DataError(message, hint='give each its own "id"')


def _defects(records: list[Record]) -> list[Defect]:
    absent = tuple(r.id for r in records if r.clip.path is None)
    defects = (
        [Defect("videos that are not there", absent, '"video" is looked for below root')] if absent else []
    )
    single = tuple(r.id for r in records if len(r.captions) == 1)
    if single and len(single) == len(records) and len(records) > 1:
        defects.append(
            Defect(
                "clips with one caption",
                single,
                "scores with one reference are low and noisy: add captions",
                known=True,
            )
        )
    late = tuple(
        f"{r.id}#{n}"
        for r in records
        for n, e in enumerate(r.events)
        if e.end > (r.clip.duration or e.end) + 1e-6
    )
    return (
        [*defects, Defect("events that end after their video", late, "correct their times")]
        if late
        else defects
    )
