"""Parts of datasets that are small enough for cross-validation: train and val together, in folds by source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from vidcap_core.datasets.annotated import Dataset, Unit
from vidcap_core.datasets.files import read_json
from vidcap_core.datasets.records import SOURCE, Official, Reading, Record
from vidcap_core.errors import DataError

FOLDS = 5


class FoldedDataset(Dataset):
    """A part of a dataset, its members named by `split.json`, whose train and val may be divided otherwise.

    fold: 0 .. 4 makes that fifth of train + val the val split and the rest train, all clips of one source video in
    one fold; None keeps the official splits.
    """

    preparable = False
    marker = "split.json"
    together: ClassVar[Official]
    """How much the dataset officially holds of what the folds divide."""

    def __init__(
        self,
        split: str = "train",
        fold: int | None = None,
        root: str | None = None,
        unit: Unit = "clip",
        streams: dict[str, str] | list[str] | None = None,
        optional: list[str] | None = None,
        frames: dict[str, Any] | None = None,
        sample: dict[str, Any] | None = None,
        transforms: list[dict[str, Any]] | None = None,
        limit: int | None = None,
        ids: list[str] | str | None = None,
    ) -> None:
        if fold is not None and not 0 <= fold < FOLDS:
            raise DataError(f"{self.name} has no fold {fold}", hint=f"fold= 0 .. {FOLDS - 1}, or None")
        self.fold = fold
        super().__init__(
            split, root, unit, streams, optional, frames, None, sample, transforms, False, limit, ids
        )

    @property
    def official(self) -> Official | None:
        """How much the dataset officially holds of the split; of a fold, of train and val together."""
        return self.together if self.fold is not None and self.split != "test" else super().official

    def read(self, split: str) -> Reading:
        """The members of a split, or of a fold."""
        members = read_json(self.folder / "split.json")
        if self.fold is None or split == "test":
            return self.read_part(split, members)
        both = [self.read_part(part, members) for part in ("train", "val")]
        records = [record for reading in both for record in reading.records]
        fold = fold_of([r.id for r in records], {r.id: r.groups.get(SOURCE, r.id) for r in records})
        chosen = [r for r in records if (fold[r.id] == self.fold) == (split == "val")]
        everything = dict.fromkeys(name for reading in both for name in reading.everything)
        files = dict.fromkeys(path for reading in both for path in reading.files)
        return Reading(chosen, list(everything), files=list(files))

    def read_part(self, split: str, members: Mapping[str, Any]) -> Reading:
        """The members of an official split; `members` is what split.json holds."""
        raise NotImplementedError


def only(reading: Reading, records: Sequence[Record]) -> Reading:
    """A reading of which some records are taken, and whose defects concern others."""
    return replace(reading, records=list(records), defects=[])


def fold_of(ids: list[str], source: dict[str, str]) -> dict[str, int]:
    """Fold of each clip: sources, largest first, each into the fold that has fewest clips so far."""
    members: dict[str, list[str]] = {}
    for clip in ids:
        members.setdefault(source[clip], []).append(clip)
    sizes = [0] * FOLDS
    fold: dict[str, int] = {}
    for name in sorted(members, key=lambda name: (-len(members[name]), name)):
        smallest = sizes.index(min(sizes))
        sizes[smallest] += len(members[name])
        fold.update(dict.fromkeys(members[name], smallest))
    return fold
