"""EmVidCap (Wang et al.): captions that say emotions; S re-captions clips of MSVD, L clips of Video-Emotion-8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset, Unit
from vidcap_core.datasets.files import read_text
from vidcap_core.datasets.folders import find_folder, look_for
from vidcap_core.datasets.msvd import MAPPING, read_mapping
from vidcap_core.datasets.records import Counts, Defect, Official, Reading, Record
from vidcap_core.errors import DataError

Part = Literal["S", "L", "S+L"]
TEST = ("EmVideo_test_captions.csv",)
TRAINVAL = ("EmVideo_trainval_captions.csv",)
CLASSES = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")
VAL_SHARE, VAL_SEED = 0.1, 0
HEADER = ("VideoID", "EmCaptions")
OFFICIAL: dict[str, Counts] = {
    "S": {
        "train": Official(216),
        "val": Official(24),
        "trainval": Official(240, 9462),
        "test": Official(134, 5622),
    },
    "L": {
        "train": Official(1020),
        "val": Official(113),
        "trainval": Official(1134, 19398),
        "test": Official(382, 6527),
    },
    "S+L": {
        "train": Official(1236),
        "val": Official(137),
        "trainval": Official(1374, 28860),
        "test": Official(516, 12149),
    },
}
"""The official files; vid80703, which L has in both, is dropped from trainval, so 1,133 of 1,134 are used.

There is no official validation split: a tenth of trainval is held out, of S and L each, by a fixed seed.
"""


class EmVidCap(Dataset):
    """part: "S", "L" or "S+L". Splits: trainval and test are official; train and val divide trainval."""

    name = "emvidcap"
    splits = ("train", "val", "trainval", "test")
    nested: ClassVar[Mapping[str, frozenset[str]]] = {"trainval": frozenset({"train", "val"})}

    def __init__(
        self,
        split: str = "train",
        part: Part = "S+L",
        root: str | None = None,
        unit: Unit = "caption",
        streams: dict[str, str] | list[str] | None = None,
        optional: list[str] | None = None,
        frames: dict[str, Any] | None = None,
        audio: dict[str, Any] | bool | None = None,
        sample: dict[str, Any] | None = None,
        transforms: list[dict[str, Any]] | None = None,
        weak: bool = False,
        limit: int | None = None,
        ids: list[str] | str | None = None,
    ) -> None:
        self.part = part
        super().__init__(
            split, root, unit, streams, optional, frames, audio, sample, transforms, weak, limit, ids
        )

    def part_of(self, prepared: Reading) -> Reading:
        """S and L are prepared together."""
        records = [r for r in prepared.records if r.groups["part"] in self.part.split("+")]
        return replace(prepared, records=records, everything=[r.id for r in records])

    @property
    def official(self) -> Official | None:
        """How much the split of this part officially holds."""
        return OFFICIAL[self.part].get(self.split)

    def read(self, split: str) -> Reading:
        """`VideoID,EmCaptions` (S) and the same with tabs (L)."""
        readings = [read_emvidcap(self.folder, part, split) for part in self.part.split("+")]
        return Reading(
            [record for reading in readings for record in reading.records],
            [name for reading in readings for name in reading.everything],
            [defect for reading in readings for defect in reading.defects],
            [path for reading in readings for path in reading.files],
        )


def read_emvidcap(folder: Path, part: str, split: str) -> Reading:
    """One split of S or L."""
    part_folder = next((p for p in (folder / f"EmVidCap-{part}", folder / part) if p.is_dir()), None)
    if part_folder is None:
        raise DataError(
            f"{folder}: there is no folder EmVidCap-{part}", hint=f"put {TRAINVAL[0]} and {TEST[0]} into it"
        )
    test_file, trainval_file = (_file(part_folder, names) for names in (TEST, TRAINVAL))
    test, trainval = read_csv(test_file), read_csv(trainval_file)
    both = tuple(sorted(test.keys() & trainval.keys()))
    defects = (
        [Defect("clips both in trainval and in test", both, "dropped from trainval", known=True)]
        if both
        else []
    )
    captions = (
        test if split == "test" else {name: texts for name, texts in trainval.items() if name not in both}
    )
    if split in ("train", "val"):
        validation = held_out(list(captions))
        captions = {
            name: texts for name, texts in captions.items() if (name in validation) == (split == "val")
        }
    names = _youtube_names(folder) if part == "S" else {}
    records = [
        Record(Clip(name), tuple(texts), names=_names(names, name), groups=_groups(part, name))
        for name, texts in captions.items()
    ]
    if split == "trainval":
        records += [Record(Clip(name), groups=_groups(part, name)) for name in both]
    return Reading(
        records, [r.id for r in records], defects if split != "test" else [], [test_file, trainval_file]
    )


def read_csv(path: Path) -> dict[str, list[str]]:
    """Captions by clip; a line is split at the first comma (S) or tab (L), as the header shows."""
    header, *lines = read_text(path).replace("\r\n", "\n").split("\n")
    delimiter = next((m for m in ",\t" if tuple(header.strip().split(m)) == HEADER), None)
    if delimiter is None:
        raise DataError(
            f"{path}: the first line is {header!r:.60}", hint="it must be VideoID,EmCaptions (comma or tab)"
        )
    captions: dict[str, list[str]] = {}
    for row, line in enumerate(lines, 2):
        if not line.strip():
            continue
        name, separator, caption = line.partition(delimiter)
        if not (separator and name.strip() and caption.strip()):
            raise DataError(f"{path}, line {row}: {line!r:.60} is no clip and caption")
        captions.setdefault(name.strip(), []).append(caption.strip())
    return captions


def held_out(names: list[str]) -> frozenset[str]:
    """A tenth of the clips of trainval, for choosing between models."""
    order = np.random.default_rng(VAL_SEED).permutation(len(names))
    ordered = sorted(names)
    return frozenset(ordered[i] for i in order[: round(VAL_SHARE * len(names))])


def _file(folder: Path, names: tuple[str, ...]) -> Path:
    if path := look_for(folder, names):
        return path
    raise DataError(f"{folder}: no {names[0]}", hint="put EmVidCap's caption files there")


def _youtube_names(folder: Path) -> dict[str, str]:
    """Number -> YouTube name of the clips of MSVD: their videos and features lie under either."""
    mapping = look_for(folder, MAPPING)
    if mapping is None:
        try:
            mapping = look_for(find_folder("msvd", None), MAPPING)
        except DataError:
            return {}
    return {} if mapping is None else {number: name for name, number in read_mapping(mapping).items()}


def _names(youtube: dict[str, str], name: str) -> tuple[str, ...]:
    return (youtube[name],) if name in youtube else ()


def _groups(part: str, name: str) -> dict[str, str]:
    """Which part; of L also the class of Video-Emotion-8, which is the first digit of the id."""
    digit = name[3:4]
    coarse = (
        {"emotion": CLASSES[int(digit) - 1]} if part == "L" and digit in "12345678" and len(name) == 8 else {}
    )
    return {"part": part, **coarse}
