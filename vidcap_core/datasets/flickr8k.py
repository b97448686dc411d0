"""Flickr8k (Hodosh et al., JAIR 2013): 8,091 pictures with five captions each; a picture is a clip of one frame."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.files import read_text
from vidcap_core.datasets.folders import find_file, look_for
from vidcap_core.datasets.records import Counts, Defect, Official, Reading, Record
from vidcap_core.errors import DataError
from vidcap_core.video.suffixes import PICTURE_SUFFIXES

CAPTIONS = ("Flickr8k.token.txt", "captions.tsv", "captions.txt")
SPLITS = {
    "train": "Flickr_8k.trainImages.txt",
    "val": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
EACH = 16
"""Without split files every so many-th of the sorted names, the first one too, is `val`."""
UNDIVIDED = "no split files (Flickr_8k.trainImages.txt, ...)"
TABLE = "image,caption"
"""How a file of captions with commas begins."""


class Flickr8k(Dataset):
    """6,000 / 1,000 / 1,000 pictures where the split files lie beside the captions.

    Without them every 16th of the sorted names is `val` (506), the rest `train` (7,585), and `test` is empty. A clip
    is named like its picture without `.jpg`, lasts 0 seconds, and has one frame, as often as it is asked for.
    Pictures lie in a folder, or in `images224.zip`, where each is squeezed to 224 x 224.
    """

    name = "flickr8k"
    annotations: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(SPLITS, CAPTIONS)
    counts: ClassVar[Counts] = {
        "train": Official(6000, 30000),
        "val": Official(1000, 5000),
        "test": Official(1000, 5000),
    }
    undivided: ClassVar[Counts] = {
        "train": Official(7585, 37925),
        "val": Official(506, 2530),
        "test": Official(0, 0),
    }
    suffixes = PICTURE_SUFFIXES
    frame_zip = "images224.zip"

    @property
    def official(self) -> Official | None:
        """How much the split holds, officially or by our own division."""
        return (self.undivided if self._undivided else self.counts)[self.split]

    def coverage(self) -> str:
        """`N of M`, and whether the split is our own."""
        own = f" (no split files: every {EACH}th name is val)" if self._undivided else ""
        return super().coverage() + own

    def read(self, split: str) -> Reading:
        """`Flickr8k.token.txt` (NAME#0 .. 4, tab, caption), or names and captions with a tab or a comma between."""
        path = find_file(self.folder, CAPTIONS, "captions of Flickr8k")
        captions = read_captions(path)
        defects, files = [], [path]
        if lost := sorted(name for name in captions if Path(name).suffix not in PICTURE_SUFFIXES):
            what = "captions of a picture that there is not"  # 2258277193_586949ec62.jpg.1
            defects.append(Defect(what, tuple(lost), "left out", known=True))
            captions = {name: texts for name, texts in captions.items() if name not in lost}
        if any(look_for(self.folder, [name]) for name in SPLITS.values()):
            listed = find_file(self.folder, [SPLITS[split]], f"names of Flickr8k's {split} split")
            names = [line.strip() for line in read_text(listed).splitlines() if line.strip()]
            files.append(listed)
        else:
            names = _part(sorted(captions), split)
            mend = f"every {EACH}th of the sorted names is val, the rest train, and test is empty"
            defects.append(Defect(UNDIVIDED, (), mend, known=True))
        records = [
            Record(Clip(Path(name).stem, duration=0.0), tuple(captions[name]), names=(name,))
            for name in names
            if name in captions
        ]
        return Reading(records, [Path(name).stem for name in names], defects, files)

    @property
    def _undivided(self) -> bool:
        return any(defect.what == UNDIVIDED for defect in self.defects)


def read_captions(path: Path) -> dict[str, list[str]]:
    """Name of a picture -> captions, in the order of the file."""
    captions: dict[str, list[str]] = {}
    for name, text in _pairs(path):
        captions.setdefault(name.partition("#")[0], []).append(text)
    return captions


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    lines = read_text(path).splitlines()
    if lines and lines[0].strip() == TABLE:
        for number, row in enumerate(csv.reader(lines[1:]), 2):
            if len(row) != 2:
                raise DataError(f"{path}, line {number}: {len(row)} columns, not the two of '{TABLE}'")
            yield row[0].strip(), row[1].strip()
        return
    for number, line in enumerate(lines, 1):
        name, tab, text = line.partition("\t")
        if not tab:
            raise DataError(f"{path}, line {number}: '{line[:60]}' has no tab between picture and caption")
        yield name.strip(), text.strip()


def _part(names: list[str], split: str) -> list[str]:
    if split == "test":
        return []
    return [name for index, name in enumerate(names) if (index % EACH == 0) == (split == "val")]
