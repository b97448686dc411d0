"""What is there of a feature store that may still be written: its index, and the journal of what is not sealed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap_core.errors import DataError
from vidcap_core.features.index import INDEX, read_index
from vidcap_core.features.store import FeatureStore
from vidcap_core.files.json_text import loads

JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Begun:
    """How a store is made, and which clips are in it already."""

    recipe: Mapping[str, Any]
    dtype: str
    clips: frozenset[str]


def begun(folder: Path) -> Begun | None:
    """A store as it is on the disk; None where there is none."""
    start: Mapping[str, Any] = {}
    clips: set[str] = set()
    if (folder / INDEX).is_file():
        start = read_index(folder)
        clips |= set(FeatureStore(folder))
    journal = folder / JOURNAL
    if journal.is_file():
        for line in journal.read_bytes().splitlines(keepends=True):
            told = entry(line)
            if told is None:
                break
            start = start or told
            if "clip" in told:
                clips.add(str(told["clip"]))
    if not start:
        return None
    return Begun(dict(start.get("recipe", {})), str(start.get("dtype")), frozenset(clips))


def entry(line: bytes) -> dict[str, Any] | None:
    """One line of a journal, or None where a kill cut it."""
    if not line.endswith(b"\n"):
        return None
    try:
        told = loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def agree(folder: Path, have: Mapping[str, Any], want: Mapping[str, Any], hint: str) -> None:
    """Refuse to go on with a store that was begun with another recipe or dtype."""
    if (have.get("recipe"), have.get("dtype")) == (want["recipe"], want["dtype"]):
        return
    old, new = ({**data.get("recipe", {}), "dtype": data.get("dtype")} for data in (have, want))
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    raise DataError(
        f"{folder}: was made with another recipe: {keys[0]} is "
        f"{old.get(keys[0])!r} there, {new.get(keys[0])!r} here"
        + (f" (also {', '.join(keys[1:])})" if keys[1:] else ""),
        hint=hint,
    )
