"""Which clips a store has and where: of mapped indices, or of the one JSON that older stores have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from vidcap_core.features.shard import Place
from vidcap_core.features.shard_index import ShardIndex, key_of
from vidcap_core.files.hashing import hash_of


class Clips(Protocol):
    """Ids in the order of writing, with their places."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def find(self, clip: str) -> Place | None:
        """Where a clip lies, or None."""
        ...

    def items(self) -> Iterator[tuple[str, Place]]:
        """Every clip with its place."""
        ...

    def lengths(self) -> tuple[int, int]:
        """The fewest and the most rows of a clip."""
        ...

    def fingerprint(self, recipe: Mapping[str, Any]) -> str:
        """A hash that stands for a recipe and all features."""
        ...


class Listed:
    """Clips of a store of version 2, whose one index was parsed."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def find(self, clip: str) -> Place | None:
        """Where a clip lies, or None."""
        return self._places.get(clip)

    def items(self) -> Iterator[tuple[str, Place]]:
        """Every clip with its place."""
        return iter(self._places.items())

    def lengths(self) -> tuple[int, int]:
        """The fewest and the most rows of a clip."""
        rows = [place.shape[0] for place in self._places.values()]
        return min(rows), max(rows)

    def fingerprint(self, recipe: Mapping[str, Any]) -> str:
        """As it always was for these stores: runs have written it down."""
        known = {"recipe": recipe, "clips": {clip: p.sha256 for clip, p in sorted(self._places.items())}}
        return hash_of([json.dumps(known, sort_keys=True).encode()])


class Mapped:
    """Clips of mapped indices; what is sorted over all shards is made when a clip is first looked for."""

    def __init__(self, shards: Sequence[ShardIndex], dim: int) -> None:
        self._shards, self._dim = shards, dim
        self._starts = np.cumsum([0, *(len(shard) for shard in shards)])
        self._sorted: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __iter__(self) -> Iterator[str]:
        for shard in self._shards:
            yield from shard

    def find(self, clip: str) -> Place | None:
        """Where a clip lies, or None."""
        keys, order = self._sorted or self._sort()
        key = np.uint64(key_of(clip))
        first = int(np.searchsorted(keys, key))
        while first < len(keys) and keys[first] == key:
            number = int(order[first])
            shard = int(np.searchsorted(self._starts, number, "right")) - 1
            inside = number - int(self._starts[shard])
            if self._shards[shard].id(inside) == clip:
                return self._shards[shard].place(inside, shard, self._dim)
            first += 1
        return None

    def items(self) -> Iterator[tuple[str, Place]]:
        """Every clip with its place."""
        for number, shard in enumerate(self._shards):
            for inside, clip in enumerate(shard):
                yield clip, shard.place(inside, number, self._dim)

    def lengths(self) -> tuple[int, int]:
        """The fewest and the most rows of a clip; 0 where there is none."""
        fewest = min((int(s.rows.min()) for s in self._shards), default=0)
        return fewest, max((int(s.rows.max()) for s in self._shards), default=0)

    def fingerprint(self, recipe: Mapping[str, Any]) -> str:
        """Of the recipe, and each clip's key and hash in order of the keys: however they are spread over shards."""
        keys, order = self._sorted or self._sort()
        none = np.empty(0, "V32")
        hashes = np.concatenate([none, *(shard.sha256 for shard in self._shards)])[order]
        return hash_of([json.dumps(recipe, sort_keys=True).encode(), keys.tobytes(), hashes.tobytes()])

    def _sort(self) -> tuple[np.ndarray, np.ndarray]:
        keys = np.concatenate([np.empty(0, np.uint64), *(shard.key for shard in self._shards)])
        order = np.argsort(keys, kind="stable").astype(np.uint32 if len(keys) < 1 << 32 else np.uint64)
        self._sorted = (keys[order], order)
        return self._sorted
