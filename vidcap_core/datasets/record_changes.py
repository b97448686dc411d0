"""Records as a dataset's arguments change them: with a video, without times, event by event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vidcap_core.contracts.types import Event
from vidcap_core.datasets.records import CLIP, Record
from vidcap_core.errors import DataError


def with_video(record: Record, videos: Mapping[str, Path]) -> Record:
    """A record with the path of its video, where there is one."""
    if record.clip.path is not None:
        return record
    path = next((videos[name] for name in (record.id, *record.names) if name in videos), None)
    return record if path is None else replace(record, clip=replace(record.clip, path=str(path)))


def without_times(record: Record, name: str) -> Record:
    """All that a weakly supervised method may know: what is said, not when."""
    if not record.annotators:
        raise DataError(f"{name} has no events, so there are no times to drop", hint="leave weak out")
    span = record.clip.span
    events = tuple(Event(*span, event.text) for event in record.events)
    return replace(record, annotators=(events,))


def by_event(record: Record) -> list[Record]:
    """Each event as a clip of its own, with its text as its caption."""
    clips = [
        replace(record.clip, id=f"{record.id}#{index}", start=event.start, end=event.end)
        for index, event in enumerate(record.events)
    ]
    return [
        Record(clip, (event.text,), ((event,),), record.names, {**record.groups, CLIP: record.id})
        for clip, event in zip(clips, record.events, strict=True)
    ]
