"""Write a feature store so that a kill at any point loses at most the clip in work.

Each clip is appended to `open.bin`, then one line about it to `journal.jsonl`. A full `open.bin` becomes a
shard: shard renamed into place, its index, the store's index, journal emptied. Each step may be repeated and
gives the same bytes, so a writer that starts again goes on where the last complete line of the journal ends.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from vidcap_core.errors import DataError
from vidcap_core.features.index import FORMAT, INDEX, LISTED, VERSION, read_index, write_index
from vidcap_core.features.journal import JOURNAL, agree, entry
from vidcap_core.features.shard import DTYPES, Place, shard_name, write_shard
from vidcap_core.features.shard_index import index_name, write_shard_index
from vidcap_core.features.store import FeatureStore
from vidcap_core.files.hashing import hash_of
from vidcap_metrics.files.atomic import remove_parts
from vidcap_metrics.files.lock import Lock

SHARD_BYTES = 256 << 20
ANOTHER = "--out ANOTHER_FOLDER"


class FeatureWriter:
    """A store that is being written. Clips that are already in it are in `done`."""

    def __init__(
        self,
        path: str | Path,
        recipe: Mapping[str, Any],
        dtype: str = "float16",
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        if dtype not in DTYPES:
            raise DataError(f"features cannot be stored as '{dtype}'", hint="--dtype " + "|".join(DTYPES))
        self.path = Path(path)
        self._lock = self._take()
        remove_parts(self.path)
        self._data, self._journal = self.path / "open.bin", self.path / JOURNAL
        self._shard_bytes = shard_bytes
        start = {"recipe": json.loads(json.dumps(dict(recipe))), "dtype": dtype}
        try:
            self._index = self._resume(start)
            self._open = self._replay(start)
        except BaseException:
            self._lock.release()
            raise
        self._raw = self._data.open("ab")
        self._lines = self._journal.open("ab")
        if not self._journal.stat().st_size:
            self._line(start)
        if self._raw.tell() >= self._shard_bytes:  # killed before the full shard was sealed
            self._seal()

    @property
    def done(self) -> Done:
        """Ids of the clips that need not be made again; looked up where they lie, as there may be millions."""
        return Done([*self._before, self._made, self._open])

    def add(self, clip: str, features: np.ndarray) -> None:
        """Append the features [T, D] of a clip."""
        values = np.ascontiguousarray(features)
        if values.ndim != 2 or 0 in values.shape:
            raise DataError(f"{clip}: features are [T, D], not {list(values.shape)}")
        if not np.isfinite(values).all():
            raise DataError(f"{clip}: holds NaN or infinite values")
        with np.errstate(over="ignore"):  # what overflows is refused below
            values = values.astype(self._index["dtype"])
        if not np.isfinite(values).all():
            raise DataError(
                f"{clip}: holds values too large for {self._index['dtype']}", hint="--dtype float32"
            )
        if clip == "__metadata__":
            raise DataError(f"'{clip}' cannot be an id")
        if clip in self.done:
            raise DataError(f"{clip}: is in the store already")
        dim = self._index["dim"] or next((p.shape[1] for p in self._open.values()), values.shape[1])
        if values.shape[1] != dim:
            raise DataError(f"{clip}: has {values.shape[1]} features a row, the store has {dim}")
        rows = (int(values.shape[0]), int(values.shape[1]))
        record = Place(len(self._index["shards"]), self._raw.tell(), rows, hash_of([values.tobytes()]))
        self._raw.write(values.tobytes())
        self._raw.flush()
        self._line({"clip": clip, **record.plain()})
        self._open[clip] = record
        if self._raw.tell() >= self._shard_bytes:
            self._seal()

    def leave_empty(self, dim: int) -> None:
        """Finish a store of which no clip has anything: readers find it, and nothing in it."""
        if not self.done:
            self._index["dim"] = dim
            write_index(self.path, self._index)

    def close(self) -> None:
        """Make a shard of what is open, and finish."""
        if self._open:
            self._seal()
        self._raw.close()
        self._lines.close()
        if self._index["dim"]:
            self._data.unlink(missing_ok=True)
            self._journal.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> FeatureWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:  # what is in the journal stays for the next time
            self._raw.close()
            self._lines.close()
            self._lock.release()

    def _take(self) -> Lock:
        """Hold the store for one writer, and make its folder where there is none."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return Lock(self.path / ".lock")
        except BlockingIOError as error:
            raise DataError(
                f"{self.path}: another process is writing this store", hint=f"wait, or {ANOTHER}"
            ) from error
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written: {error.strerror}", hint=ANOTHER) from error

    def _resume(self, start: Mapping[str, Any]) -> dict[str, Any]:
        """The index so far; the store must have been begun with the same recipe."""
        self._before: list[FeatureStore] = []
        self._made: set[str] = set()
        if not (self.path / INDEX).is_file():
            return {"format": FORMAT, "version": VERSION, **start, "dim": 0, "shards": []}
        index = read_index(self.path)
        agree(self.path, index, start, ANOTHER)
        if index["version"] == LISTED:
            index = self._with_shard_indices(index)
        self._before.append(FeatureStore(self.path))
        return index

    def _with_shard_indices(self, index: dict[str, Any]) -> dict[str, Any]:
        """A store of version 2 as one of this version; its shards stay."""
        FeatureStore(self.path)  # refuses one that is damaged
        clips = {clip: Place.of(record) for clip, record in index.pop("clips").items()}
        for number, shard in enumerate(index["shards"]):
            self._add_index(shard, {clip: place for clip, place in clips.items() if place.shard == number})
        index["version"] = VERSION
        write_index(self.path, index)
        return index

    def _replay(self, start: Mapping[str, Any]) -> dict[str, Place]:
        """Clips in the journal whose data are whole; what is behind them is cut off."""
        records: dict[str, Place] = {}
        kept_lines = kept_data = 0
        if self._journal.is_file() and self._data.is_file():
            raw = self._data.read_bytes()
            number = len(self._index["shards"])
            for position, line in enumerate(self._journal.read_bytes().splitlines(keepends=True)):
                told = entry(line)
                if told is None:
                    break
                if position == 0:
                    agree(self.path, told, start, ANOTHER)
                else:
                    try:
                        clip, record = str(told["clip"]), Place.of(told)
                    except (KeyError, TypeError, ValueError):
                        break
                    size = record.shape[0] * record.shape[1] * np.dtype(start["dtype"]).itemsize
                    piece = raw[record.offset : record.offset + size]
                    if (
                        record.shard != number
                        or record.offset != kept_data
                        or hash_of([piece]) != record.sha256
                    ):
                        break  # sealed before the kill, or never fully on the disk
                    records[clip] = record
                    kept_data += size
                kept_lines += len(line)
        for file, size in ((self._data, kept_data), (self._journal, kept_lines)):
            with file.open("ab") as opened:
                opened.truncate(size)
        return records

    def _line(self, entry: Mapping[str, Any]) -> None:
        self._lines.write(json.dumps(entry).encode() + b"\n")
        self._lines.flush()

    def _seal(self) -> None:
        number = len(self._index["shards"])
        file = self.path / shard_name(number)
        sha256, start = write_shard(file, self._data, self._open, self._index["dtype"])
        self._index["dim"] = next(iter(self._open.values())).shape[1]
        shard = {"file": file.name, "sha256": sha256, "bytes": file.stat().st_size, "start": start}
        self._add_index(shard, self._open)
        self._index["shards"].append(shard)
        write_index(self.path, self._index)
        self._made.update(self._open)
        self._open = {}
        self._lines.truncate(0)
        self._raw.truncate(0)
        self._raw.seek(0)
        self._line({"recipe": self._index["recipe"], "dtype": self._index["dtype"]})

    def _add_index(self, shard: dict[str, Any], clips: Mapping[str, Place]) -> None:
        """Write the index of a shard, and note it there."""
        sha256, size = write_shard_index(self.path / index_name(shard["file"]), clips)
        shard |= {"clips": len(clips), "index": {"bytes": size, "sha256": sha256}}


class Done(Set[str]):
    """Ids that a store has, sealed in shards or open."""

    def __init__(self, parts: Sequence[Collection[str]]) -> None:
        self._parts = parts

    def __contains__(self, clip: object) -> bool:
        return any(clip in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        for part in self._parts:
            yield from part

    def __len__(self) -> int:
        return sum(map(len, self._parts))
