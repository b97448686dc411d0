"""What vidcap itself writes: folders of runs and of captioned files. And a look at files: do they hold events?"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from vidcap_metrics.errors import DAMAGED, DataError

LINES = "captions.jsonl"
LOOK = 1 << 16
"""Bytes of a file that tell what it is."""
DENSE_REFERENCES = re.compile(r'"timestamps"\s*:|^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*\[')
DENSE_PREDICTIONS = re.compile(r'"results"\s*:\s*\{|"events"\s*:\s*\[')


def predictions_file(path: Path) -> Path:
    """The predictions of a run's folder, or of a folder of captioned files; a file as it is."""
    if not path.is_dir():
        return path
    if (path / LINES).is_file():
        return path / LINES
    files = sorted(path.glob("predictions-*.json"))
    if not files:
        raise DataError(f"{path} holds no predictions-SPLIT.json and no {LINES}", hint="name the file itself")
    if len(files) > 1:
        splits = ", ".join(file.stem.removeprefix("predictions-") for file in files)
        raise DataError(f"{path} holds predictions of {splits}", hint=f"one of them: {files[-1]}")
    return files[0]


def references_files(predictions: Path, references: Sequence[Path]) -> list[Path]:
    """The references that were named, or those that a run wrote beside its predictions."""
    if references:
        return list(references)
    beside = predictions.with_name(predictions.name.replace("predictions-", "references-", 1))
    if beside != predictions and beside.is_file():
        return [beside]
    raise DataError(f"no references of {predictions}", hint=f"vidcap score {predictions} REFERENCES")


def hold_events(predictions: Path, references: Sequence[Path]) -> bool:
    """Whether predictions and all references have events with times."""
    return bool(DENSE_PREDICTIONS.search(_start(predictions))) and all(
        DENSE_REFERENCES.search(_start(path)) for path in references
    )


def latest(records: Iterable[Any]) -> Iterator[Any]:
    """Lines of captioned files: of a file that was captioned again, the last; other records as they are."""
    last: dict[Any, Any] = {}
    for number, record in enumerate(records):
        own = isinstance(record, dict) and isinstance(record.get("file"), str) and "modified" in record
        last[record["file"] if own else number] = record
    return iter(last.values())


def _start(path: Path) -> str:
    """How a file begins; nothing where it cannot be read, which its reader will say."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as file:
            start = file.read(LOOK)
        return start.decode(json.detect_encoding(start), "replace")
    except DAMAGED:
        return ""
