"""One shard: a safetensors file that holds the features of many clips, side by side."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.files.hashing import blocks_of
from vidcap_metrics.files.atomic import whole_file

DTYPES = {"float16": "F16", "float32": "F32", "float64": "F64"}
"""Names of element types, here and in safetensors."""
SHARD = re.compile(r"shard-\d{5,}\.safetensors", re.ASCII)
"""Names of shards."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the features of a clip lie: shard, first byte in the shard's data, shape [T, D], hash."""

    shard: int
    offset: int
    shape: tuple[int, int]
    sha256: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Place:
        """From an index or a journal."""
        rows, dim = data["shape"]
        return cls(
            whole(data["shard"]), whole(data["offset"]), (whole(rows), whole(dim)), str(data["sha256"])
        )

    def plain(self) -> dict[str, Any]:
        """For an index or a journal."""
        return {**asdict(self), "shape": list(self.shape)}


def whole(value: object) -> int:
    """A whole number out of JSON, where 1.9, "1" and true stand for none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value


def shard_name(number: int) -> str:
    """File name of a shard."""
    return f"shard-{number:05d}.safetensors"


def write_shard(file: Path, data: Path, clips: Mapping[str, Place], dtype: str) -> tuple[str, int]:
    """Header + the raw data of its clips, renamed into place when whole; gives SHA-256 and data's start."""
    size = np.dtype(dtype).itemsize
    header: dict[str, Any] = {
        clip: {
            "dtype": DTYPES[dtype],
            "shape": list(record.shape),
            "data_offsets": [record.offset, record.offset + record.shape[0] * record.shape[1] * size],
        }
        for clip, record in clips.items()
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    with whole_file(file, durable=True) as out, data.open("rb") as raw:
        for block in chain((len(text).to_bytes(8, "little"), text), blocks_of(raw)):
            digest.update(block)
            out.write(block)
    return digest.hexdigest(), 8 + len(text)
