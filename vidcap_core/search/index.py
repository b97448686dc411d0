"""What the pictures of files are, kept in one file, so that only changed files are read again."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import UserError
from vidcap_metrics.files.atomic import whole_file
from vidcap_metrics.files.cache import cache_home
from vidcap_metrics.files.lock import Lock

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rows:
    """A file's pictures: rows of length 1 [R, D], and when each is seen; a still picture has no times."""

    stamp: tuple[int, int]  # the file's size, and when it was changed, in nanoseconds
    values: np.ndarray
    times: np.ndarray | None


class Index:
    """Rows of files, by absolute path. It is of one recipe; with another it begins again."""

    def __init__(self, path: Path, recipe: str) -> None:
        self.path, self.recipe = path, recipe
        self._rows = _read(path, recipe)
        self._new: dict[str, Rows] = {}

    @classmethod
    def in_cache(cls, recipe: str) -> Index:
        """The index of a recipe in the cache: all files that were ever looked through with it."""
        return cls(cache_home() / "search" / f"{recipe[:16]}.npz", recipe)

    def get(self, file: Path) -> Rows | None:
        """What is known of a file as it is now."""
        rows = self._rows.get(os.path.abspath(file))
        return rows if rows is not None and rows.stamp == stamp(file) else None

    def put(self, file: Path, rows: Rows) -> None:
        """What a file was found to be."""
        self._rows[os.path.abspath(file)] = self._new[os.path.abspath(file)] = rows

    def save(self) -> None:
        """Write what is new, beside what another process wrote meanwhile, without files that are gone."""
        if not self._new:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with Lock(self.path.with_name(f".{self.path.name}.lock"), wait=True):
                rows = {**_read(self.path, self.recipe), **self._new}
                _write(self.path, self.recipe, {name: r for name, r in rows.items() if os.path.exists(name)})
        except OSError as error:
            raise UserError(
                f"the index {self.path} cannot be written: {error.strerror}", hint="--index FILE"
            ) from error
        self._new.clear()


def stamp(file: Path) -> tuple[int, int] | None:
    """What tells that a file was changed; None where it cannot be looked at."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _write(path: Path, recipe: str, rows: Mapping[str, Rows]) -> None:
    files = [{"path": name, "stamp": each.stamp, "rows": len(each.values)} for name, each in rows.items()]
    facts = json.dumps({"format": FORMAT, "recipe": recipe, "files": files})
    times = [np.full(len(r.values), np.nan) if r.times is None else r.times for r in rows.values()]
    with whole_file(path) as file:
        np.savez(
            file,
            index=np.frombuffer(facts.encode(), np.uint8),
            rows=np.concatenate([each.values for each in rows.values()] or [np.zeros((0, 0), np.float16)]),
            times=np.concatenate([*times, np.zeros(0)]),
        )


def _read(path: Path, recipe: str) -> dict[str, Rows]:
    """An index that is damaged, or of another recipe, holds nothing; a file that is no index is not written over."""
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            facts = json.loads(arrays["index"].tobytes())
            if facts["format"] != FORMAT or facts["recipe"] != recipe:
                return {}
            return dict(_entries(facts["files"], arrays["rows"], arrays["times"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} is no index, or is damaged", hint=f"rm {path}, or --index ANOTHER"
        ) from error


def _entries(files: list[dict[str, Any]], rows: np.ndarray, times: np.ndarray) -> Iterator[tuple[str, Rows]]:
    stop = 0
    for entry in files:
        start, stop = stop, stop + entry["rows"]
        if stop > min(len(rows), len(times)):
            raise ValueError("rows are missing")
        size, changed = entry["stamp"]
        seen = times[start:stop]
        still = bool(np.isnan(seen).any())
        yield entry["path"], Rows((int(size), int(changed)), rows[start:stop], None if still else seen)
