"""Read a feature store: memory-mapped, at random, from as many processes as you like."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import DataError
from vidcap_core.features.index import AGAIN, INDEX, read_index
from vidcap_core.features.shard import DTYPES, SHARD, Place, whole
from vidcap_core.files.hashing import hash_file, hash_of


class FeatureStore(Mapping[str, np.ndarray]):
    """Clip id -> features [T, D]. What it gives is a read-only view of the file; copy it to change it.

    A shard is mapped when it is first read, and a map is valid after a fork; pickled, only the path travels.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        index = read_index(self.path)
        try:
            self.recipe: dict[str, Any] = dict(index["recipe"])
            if index["dtype"] not in DTYPES:
                raise ValueError(f"no type of features is '{index['dtype']}'")
            self.dtype = np.dtype(index["dtype"])
            self.dim = whole(index["dim"])
            self.shards: list[dict[str, Any]] = list(index["shards"])
            self._places = {clip: Place.of(record) for clip, record in index["clips"].items()}
            self._check_places()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError) as error:
            what = f"{self.path / INDEX}: is damaged: {type(error).__name__}: {error}"
            raise DataError(what, hint=AGAIN) from error
        self._maps: dict[int, mmap.mmap] = {}

    @property
    def ids(self) -> list[str]:
        """Clip ids, in the order of writing."""
        return list(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, clip: object) -> bool:
        return clip in self._places

    def __getitem__(self, clip: str) -> np.ndarray:
        record = self._places.get(clip)
        if record is None:
            raise KeyError(f"{self.path} has no clip '{clip}'")
        rows, dim = record.shape
        shard = self._maps.get(record.shard) or self._map(record.shard)
        start = self.shards[record.shard]["start"] + record.offset
        return np.frombuffer(shard, self.dtype, rows * dim, start).reshape(rows, dim)

    def shape(self, clip: str) -> tuple[int, int]:
        """[T, D] of a clip, without reading it."""
        return self._places[clip].shape

    def fingerprint(self) -> str:
        """A hash that stands for recipe and content."""
        known = {"recipe": self.recipe, "clips": {clip: p.sha256 for clip, p in sorted(self._places.items())}}
        return hash_of([json.dumps(known, sort_keys=True).encode()])[:16]

    def facts(self) -> dict[str, Any]:
        """The figures of a store, as plain data."""
        lengths = [record.shape[0] for record in self._places.values()]
        return {
            "clips": len(self),
            "dim": self.dim,
            "dtype": str(self.dtype),
            "rows": f"{min(lengths)} to {max(lengths)} a clip" if lengths else "none",
            "shards": len(self.shards),
            "bytes": sum(shard["bytes"] for shard in self.shards),
            "fingerprint": self.fingerprint(),
        }

    def verify(self) -> list[str]:
        """What is wrong with the files, one line a finding; empty when every hash is right."""
        wrong = [line for shard in self.shards if (line := self._wrong(shard)) is not None]
        unreadable = {index for index, shard in enumerate(self.shards) if self._size(shard) != shard["bytes"]}
        for clip, record in self._places.items():
            if record.shard not in unreadable and hash_of([self[clip].tobytes()]) != record.sha256:
                wrong.append(f"{clip}: its features were changed")
        return wrong

    def __getstate__(self) -> Path:
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)  # type: ignore[misc]

    def _wrong(self, shard: Mapping[str, Any]) -> str | None:
        """What is wrong with the file of a shard."""
        if self._size(shard) is None:
            return f"{shard['file']}: is not there"
        same = hash_file(self.path / shard["file"]) == shard["sha256"]
        return None if same else f"{shard['file']}: is not what the index says"

    def _size(self, shard: Mapping[str, Any]) -> int | None:
        file = self.path / shard["file"]
        return file.stat().st_size if file.is_file() else None

    def _check_places(self) -> None:
        """Every clip lies inside its shard, and every shard is a file of this folder."""
        if not self._places and (self.shards or self.dim < 1):
            raise ValueError("it lists no clips")
        sizes = [whole(shard["bytes"]) - whole(shard["start"]) for shard in self.shards]
        for shard in self.shards:
            if (
                not SHARD.fullmatch(shard["file"])
                or shard["start"] < 0
                or not isinstance(shard["sha256"], str)
            ):
                raise ValueError(f"'{shard['file']}' is no shard")
        for clip, record in self._places.items():
            rows, dim = record.shape
            end = record.offset + rows * dim * self.dtype.itemsize
            if (
                record.shard < 0
                or record.offset < 0
                or rows < 1
                or dim != self.dim
                or end > sizes[record.shard]
            ):
                raise ValueError(f"'{clip}' lies outside its shard, or is not {self.dim} wide")

    def _map(self, number: int) -> mmap.mmap:
        shard = self.shards[number]
        file = self.path / shard["file"]
        try:
            with file.open("rb") as opened:
                mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{file}: cannot be read: {error}", hint=f"vidcap features inspect {self.path}"
            ) from error
        if len(mapped) != shard["bytes"]:
            raise DataError(
                f"{file}: has {len(mapped)} bytes, the index says {shard['bytes']}: copied in part?"
            )
        self._maps[number] = mapped
        return mapped
