"""The one normalised schema: what `vidcap data prepare` writes, and how it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidcap_core.contracts.types import Clip, Event
from vidcap_core.datasets.records import Defect, Reading, Record
from vidcap_core.errors import DataError, in_a_line
from vidcap_core.files.json_text import loads, read_object

MANIFEST = "dataset.json"
SCHEMA = 1
AGAIN = "vidcap data prepare NAME --from FOLDER, again"


def read_prepared(folder: Path, split: str) -> Reading | None:
    """A split as it was prepared, or None where the folder holds the official files instead."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return None
    facts = _facts(manifest)
    if facts.get("schema") != SCHEMA:
        raise DataError(f"{manifest}: schema {facts.get('schema')}, this version reads {SCHEMA}", hint=AGAIN)
    if split not in facts["splits"]:
        raise DataError(
            f"{folder}: the split '{split}' was not prepared; there is {', '.join(facts['splits'])}",
            hint="vidcap data prepare NAME --from a FOLDER that holds its annotations",
        )
    path = folder / f"{split}.jsonl"
    base = source_folders(folder)[-1]
    try:
        lines = (
            path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        )  # captions hold other line ends
        facts = facts["splits"][split]
        defects = [Defect(d["what"], tuple(d["ids"]), d["mend"], d["known"]) for d in facts["defects"]]
        return Reading([from_line(loads(line), base) for line in lines], facts["everything"], defects, [path])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: is damaged: {in_a_line(error)}", hint=AGAIN) from error


def source_folders(folder: Path) -> list[Path]:
    """Where the videos of a dataset are: in its folder, and for a prepared one where they were then."""
    manifest = folder / MANIFEST
    source = Path(str((_facts(manifest) if manifest.is_file() else {}).get("source") or folder))
    return [folder] if source == folder else [folder, source]


def _facts(manifest: Path) -> dict[str, Any]:
    try:
        facts = read_object(manifest)
        if not isinstance(facts.get("splits", {}), dict):
            raise ValueError("splits: is no object")
    except ValueError as error:
        raise DataError(f"{manifest}: is damaged: {error}", hint=AGAIN) from error
    return facts


def prepared_lines(reading: Reading, source: Path) -> Iterator[str]:
    """A split in the normalised schema, one clip a line."""
    for record in reading.records:
        yield json.dumps(to_line(record, source), ensure_ascii=False)


def to_line(record: Record, source: Path) -> dict[str, Any]:
    """A record as plain data, its video relative to the source; what is empty is left out."""
    clip = record.clip
    line: dict[str, Any] = {
        "id": clip.id,
        "video": clip.path and os.path.relpath(clip.path, source),
        "start": clip.start or None,
        "end": clip.end,
        "duration": clip.duration,
        "captions": list(record.captions),
        "events": [[[e.start, e.end, e.text] for e in events] for events in record.annotators],
        "names": list(record.names),
        "groups": dict(record.groups),
    }
    return {key: value for key, value in line.items() if value not in (None, [], {})}


def from_line(line: dict[str, Any], source: Path) -> Record:
    """The record behind plain data."""
    video = line.get("video")
    path = None if video is None else os.path.normpath(source / video)
    clip = Clip(line["id"], path, line.get("start", 0.0), line.get("end"), line.get("duration"))
    annotators = tuple(tuple(Event(*event) for event in events) for events in line.get("events", ()))
    return Record(
        clip,
        tuple(line.get("captions", ())),
        annotators,
        tuple(line.get("names", ())),
        line.get("groups", {}),
    )
