"""Stores that several processes made beside one another, each a part of the clips, and the one that holds all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from vidcap_core.features.index import INDEX
from vidcap_core.features.store import FeatureStore
from vidcap_core.features.writer import FeatureWriter


class Part(Protocol):
    """Which clips a process makes: `3-of-16`."""

    def has(self, name: str) -> bool:
        """Whether a clip is one of them."""
        ...


def part_of(out: Path, part: Part) -> Path:
    """The store of a part, beside the one of all."""
    return out.with_name(f"{out.name}.{part}")


def done_before(out: Path, part: Part | None) -> Collection[str]:
    """What the store of all holds: a part need not make it."""
    return FeatureStore(out) if part is not None and (out / INDEX).is_file() else frozenset()


def take_in(writer: FeatureWriter, recipe: Mapping[str, Any], dtype: str) -> None:
    """Copy what the parts beside a store have and it has not; they stay, and may be removed then."""
    for path in sorted(writer.path.parent.glob(f"{writer.path.name}.*-of-*")):
        with FeatureWriter(path, recipe, dtype):  # of the same recipe, nobody's at the moment, and sealed now
            pass
        if not (path / INDEX).is_file():
            continue
        done, part = writer.done, FeatureStore(path)
        for clip in part:
            if clip not in done:
                writer.add(clip, part[clip])
