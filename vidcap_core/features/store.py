"""Read a feature store: memory-mapped, at random, from as many processes as you like."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import DataError
from vidcap_core.features.clips import Clips, Listed, Mapped
from vidcap_core.features.index import AGAIN, INDEX, LISTED, read_index
from vidcap_core.features.shard import DTYPES, SHARD, Place, whole
from vidcap_core.features.shard_index import ShardIndex, index_name
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
            self._check_shards()
            self._clips = self._listed(index) if index["version"] == LISTED else self._mapped()
        except (OSError, KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError) as error:
            what = f"{self.path / INDEX}: is damaged: {type(error).__name__}: {error}"
            raise DataError(what, hint=AGAIN) from error
        self._maps: dict[int, mmap.mmap] = {}

    @property
    def ids(self) -> list[str]:
        """Clip ids, in the order of writing."""
        return list(self._clips)

    def __len__(self) -> int:
        return len(self._clips)

    def __iter__(self) -> Iterator[str]:
        return iter(self._clips)

    def __contains__(self, clip: object) -> bool:
        return isinstance(clip, str) and self._clips.find(clip) is not None

    def __getitem__(self, clip: str) -> np.ndarray:
        record = self._clips.find(clip)
        if record is None:
            raise KeyError(f"{self.path} has no clip '{clip}'")
        rows, dim = record.shape
        shard = self._maps.get(record.shard) or self._map(record.shard)
        start = self.shards[record.shard]["start"] + record.offset
        return np.frombuffer(shard, self.dtype, rows * dim, start).reshape(rows, dim)

    def shape(self, clip: str) -> tuple[int, int]:
        """[T, D] of a clip, without reading it."""
        record = self._clips.find(clip)
        if record is None:
            raise KeyError(f"{self.path} has no clip '{clip}'")
        return record.shape

    def fingerprint(self) -> str:
        """A hash that stands for recipe and content."""
        return self._clips.fingerprint(self.recipe)[:16]

    def facts(self) -> dict[str, Any]:
        """The figures of a store, as plain data."""
        fewest, most = self._clips.lengths()
        return {
            "clips": len(self),
            "dim": self.dim,
            "dtype": str(self.dtype),
            "rows": f"{fewest} to {most} a clip" if len(self) else "none",
            "shards": len(self.shards),
            "bytes": sum(shard["bytes"] for shard in self.shards),
            "fingerprint": self.fingerprint(),
        }

    def verify(self) -> list[str]:
        """What is wrong with the files, one line a finding; empty when every hash is right."""
        wrong = [line for shard in self.shards if (line := self._wrong(shard)) is not None]
        unreadable = {index for index, shard in enumerate(self.shards) if self._size(shard) != shard["bytes"]}
        for clip, record in self._clips.items():
            if self._clips.find(clip) != record:
                wrong.append(f"{clip}: its index does not find it")
            elif record.shard not in unreadable and hash_of([self[clip].tobytes()]) != record.sha256:
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

    def _check_shards(self) -> None:
        """Every shard is a file of this folder."""
        for shard in self.shards:
            if (
                not SHARD.fullmatch(shard["file"])
                or whole(shard["start"]) < 0
                or whole(shard["bytes"]) < shard["start"]
                or not isinstance(shard["sha256"], str)
            ):
                raise ValueError(f"'{shard['file']}' is no shard")

    def _mapped(self) -> Clips:
        """The clips of the shards' own indices; each lies inside its shard."""
        if self.dim < 1:
            raise ValueError("it lists no clips")
        indices = []
        for shard in self.shards:
            file = self.path / index_name(shard["file"])
            about, width = shard["index"], self.dim * self.dtype.itemsize
            clips, size = whole(shard["clips"]), whole(about["bytes"])
            data = shard["bytes"] - shard["start"]
            indices.append(ShardIndex.of(file, clips, size, about["sha256"], data, width))
        return Mapped(indices, self.dim)

    def _listed(self, index: Mapping[str, Any]) -> Clips:
        """The clips of an index of version 2; each lies inside its shard."""
        places = {clip: Place.of(record) for clip, record in index["clips"].items()}
        if not places:
            raise ValueError("it lists no clips")
        sizes = [shard["bytes"] - shard["start"] for shard in self.shards]
        for clip, record in places.items():
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
        return Listed(places)

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
