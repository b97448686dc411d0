"""MSVD (Chen and Dolan, 2011): 1,970 YouTube clips with about 40 captions each; and a part with real features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.files import read_text
from vidcap_core.datasets.folded import FoldedDataset, only
from vidcap_core.datasets.folders import find_file
from vidcap_core.datasets.records import SOURCE, Counts, Defect, Official, Reading, Record
from vidcap_core.errors import DataError

FILES = {
    "train": ("sents_train_lc_nopunc.txt",),
    "val": ("sents_val_lc_nopunc.txt",),
    "test": ("sents_test_lc_nopunc.txt", "sents_test_minus_heldout_lc_nopunc.txt"),
}
RANGES = {"train": range(1, 1201), "val": range(1201, 1301), "test": range(1301, 1971)}
MAPPING = ("youtube_mapping.txt",)


class MSVD(Dataset):
    """1,200 / 100 / 670 clips, numbered vid1 to vid1970 by `youtube_mapping.txt`; not all of them have captions."""

    name = "msvd"
    annotations = FILES
    counts: ClassVar[Counts] = {
        "train": Official(1200, 48774),
        "val": Official(100, 4290),
        "test": Official(670, 27763),
    }

    def read(self, split: str) -> Reading:
        """`sents_*_lc_nopunc.txt`: number, tab, caption; and the mapping of YouTube names to numbers."""
        return read_msvd(self.folder, split)


class MSVDPart(FoldedDataset):
    """391 clips of MSVD: 283 of 1,200 train, 22 of 100 val, 86 of 670 test; official membership.

    streams: "image" (EfficientNet-Lite0, 20 x 1280), "motion" (R(2+1)D-34, 20 x 359), "logits" (a CNN's, 20 x 1000).
    frames: 16 pictures a clip, e.g. dict(count=8, short_side=112). fold: 0 .. 4 divides train + val into train and val
    for cross-validation, all clips of one YouTube video in one fold; None keeps the official splits.
    """

    name = "msvd_part"
    aliases = ("msvd",)
    counts = MSVD.counts
    together = Official(1300, 53064)
    frame_zip = "frames16_short224.zip"
    packed: ClassVar[dict[str, str]] = {
        "image": "effnetlite0_20x1280.npz",
        "motion": "r2plus1d34_ig65m_20x359.npz",
        "logits": "cnn1000_20x1000.npz",
    }

    def read_part(self, split: str, members: Mapping[str, Any]) -> Reading:
        """MSVD's captions of the clips whose features are there."""
        reading = read_msvd(self.folder, split)
        return only(reading, [r for r in reading.records if r.names[0] in members["split"]])

    @classmethod
    def store_path(cls, folder: Path, where: str) -> Path:
        """A packed stream, or as in every dataset."""
        return folder / cls.packed[where] if where in cls.packed else super().store_path(folder, where)


def read_msvd(folder: Path, split: str) -> Reading:
    """One split of a folder with MSVD's files. Ids are numbers, and files lie under YouTube names."""
    path = find_file(folder, FILES[split], f"captions of MSVD's {split} split")
    mapping = find_file(folder, MAPPING, "mapping of YouTube names to numbers")
    names = {number: name for name, number in read_mapping(mapping).items()}
    captions = read_captions(path)
    if unknown := sorted(captions.keys() - names.keys()):
        raise DataError(f"{path}: {len(unknown)} ids are not in {mapping.name}: {', '.join(unknown[:5])}")
    official = len(names) == RANGES["test"].stop - 1
    expected = [f"vid{n}" for n in RANGES[split]] if official else list(captions)
    records = [
        Record(
            Clip(number),
            tuple(captions.get(number, ())),
            names=(names[number],),
            groups={SOURCE: source(names[number])},
        )
        for number in expected
    ]
    silent = tuple(number for number in expected if number not in captions)
    defects = [Defect("clips without captions", silent, "left out", known=True)] if silent else []
    return Reading(records, expected, defects, [path, mapping])


def source(name: str) -> str:
    """The YouTube video a clip was cut from: its name before the last two `_` fields."""
    return name.rsplit("_", 2)[0]


def read_mapping(path: Path) -> dict[str, str]:
    """YouTube name -> number, as `vid12`."""
    pairs = [line.split() for line in read_text(path).splitlines() if line.strip()]
    if wrong := [pair for pair in pairs if len(pair) != 2]:
        raise DataError(f"{path}: '{' '.join(wrong[0])}' is no name and number")
    return {pair[0]: pair[1] for pair in pairs}


def read_captions(path: Path) -> dict[str, list[str]]:
    """Number -> captions."""
    captions: dict[str, list[str]] = {}
    for number, text in _lines(path):
        captions.setdefault(number, []).append(text)
    return captions


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for row, line in enumerate(read_text(path).splitlines(), 1):
        number, tab, caption = line.partition("\t")
        if not tab:
            raise DataError(f"{path}, line {row}: '{line[:60]}' has no tab between id and caption")
        yield number.strip(), caption.strip()
