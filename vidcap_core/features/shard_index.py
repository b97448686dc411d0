"""The index of one shard: columns of numbers that are mapped and not parsed, then the clips' ids."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidcap_core.features.shard import Place
from vidcap_core.files.hashing import hash_file, hash_of
from vidcap_metrics.files.atomic import whole_file

COLUMNS = {"key": "<u8", "offset": "<u8", "end": "<u8", "rows": "<u4", "sha256": "V32"}
"""Of each clip: a hash of its id, first byte in the shard's data, end of its id, rows, SHA-256 of its features."""
WIDTH = sum(np.dtype(kind).itemsize for kind in COLUMNS.values())


def index_name(shard: str) -> str:
    """The file that lies beside a shard."""
    return shard.removesuffix(".safetensors") + ".index"


def encoded(clip: str) -> bytes:
    """An id as bytes; half a surrogate, as a file's name may hold, too."""
    return clip.encode("utf-8", "surrogatepass")


def key_of(clip: str) -> int:
    """Where an id is sorted in."""
    return int.from_bytes(hashlib.sha256(encoded(clip)).digest()[:8], "little")


def write_shard_index(file: Path, clips: Mapping[str, Place]) -> tuple[str, int]:
    """Put the index of a shard in place, whole; gives its SHA-256 and size."""
    places, ids = list(clips.values()), [encoded(clip) for clip in clips]
    columns = {
        "key": [key_of(clip) for clip in clips],
        "offset": [place.offset for place in places],
        "end": np.cumsum([len(each) for each in ids]),
        "rows": [place.shape[0] for place in places],
        "sha256": [bytes.fromhex(place.sha256) for place in places],
    }
    blocks = [np.array(columns[name], kind).tobytes() for name, kind in COLUMNS.items()]
    blocks.append(b"".join(ids))
    with whole_file(file, durable=True) as out:
        for block in blocks:
            out.write(block)
    return hash_of(blocks), sum(map(len, blocks))


@dataclass(frozen=True, slots=True)
class ShardIndex:
    """The columns of a shard's index, as the file is mapped."""

    key: np.ndarray
    offset: np.ndarray
    end: np.ndarray
    rows: np.ndarray
    sha256: np.ndarray
    ids: memoryview

    @classmethod
    def of(cls, file: Path, clips: int, size: int, sha256: str, data: int, width: int) -> ShardIndex:
        """Map a file that is what was written; `data`: bytes of the shard, `width`: of a row."""
        if clips < 1 or size < clips * WIDTH:
            raise ValueError(f"{file.name} cannot list {clips} clips")
        if file.stat().st_size != size or hash_file(file) != sha256:
            raise ValueError(f"{file.name} is not what was written")
        with file.open("rb") as opened:
            mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        columns, start = {}, 0
        for name, kind in COLUMNS.items():
            columns[name] = np.frombuffer(mapped, kind, clips, start)
            start += columns[name].nbytes
        made = cls(**columns, ids=memoryview(mapped)[start:])
        made._check(data, width, file.name)
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)  # what was looked at once need not stay
        return made

    def __len__(self) -> int:
        return len(self.key)

    def id(self, number: int) -> str:
        """The id of a clip by its number."""
        start = int(self.end[number - 1]) if number else 0
        return bytes(self.ids[start : int(self.end[number])]).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return map(self.id, range(len(self)))

    def place(self, number: int, shard: int, dim: int) -> Place:
        """Where the features of a clip lie."""
        shape = (int(self.rows[number]), dim)
        return Place(shard, int(self.offset[number]), shape, self.sha256[number].tobytes().hex())

    def _check(self, data: int, width: int, name: str) -> None:
        """Every clip lies inside its shard, and every id inside the file."""
        room = np.uint64(data) - np.minimum(self.offset, np.uint64(data))
        inside = (self.offset <= np.uint64(data)) & (self.rows >= 1) & (self.rows <= room // np.uint64(width))
        if not inside.all():
            raise ValueError(f"'{self.id(int(np.argmin(inside)))}' lies outside its shard")
        if (self.end[1:] < self.end[:-1]).any() or int(self.end[-1]) != len(self.ids):
            raise ValueError(f"{name} has ids that overlap")
