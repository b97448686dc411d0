"""MSVD (Chen and Dolan, 2011): 1,970 YouTube clips with about 40 captions each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vidcap_core.datasets.base import Dataset
from vidcap_core.datasets.files import read_text
from vidcap_core.datasets.places import find_file
from vidcap_core.datasets.records import Defect, Official, Reading, Record
from vidcap_core.errors import DataError
from vidcap_core.types import Clip

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
    official = {"train": Official(1200, 48774), "val": Official(100, 4290), "test": Official(670, 27763)}

    def read(self, split: str) -> Reading:
        """`sents_*_lc_nopunc.txt`: number, tab, caption; and the mapping of YouTube names to numbers."""
        return read_msvd(self.folder, split)


def read_msvd(folder: Path, split: str) -> Reading:
    """One split of a folder with MSVD's files. Ids are numbers, and files lie under YouTube names."""
    path = find_file(folder, FILES[split], f"captions of MSVD's {split} split")
    mapping = find_file(folder, MAPPING, "mapping of YouTube names to numbers")
    names = {number: name for name, number in read_mapping(mapping).items()}
    said = read_captions(path)
    if strangers := sorted(said.keys() - names.keys()):
        raise DataError(f"{path}: {len(strangers)} ids are not in {mapping.name}: {', '.join(strangers[:5])}")
    official = len(names) == RANGES["test"].stop - 1
    expected = [f"vid{n}" for n in RANGES[split]] if official else list(said)
    records = [
        Record(Clip(number), tuple(said.get(number, ())), names=(names[number],), groups={"source": source(names[number])})
        for number in expected
    ]
    silent = tuple(number for number in expected if number not in said)
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
    return {name: number for name, number in pairs}


def read_captions(path: Path) -> dict[str, list[str]]:
    """Number -> captions."""
    said: dict[str, list[str]] = {}
    for number, caption in _lines(path):
        said.setdefault(number, []).append(caption)
    return said


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for row, line in enumerate(read_text(path).splitlines(), 1):
        number, tab, caption = line.partition("\t")
        if not tab:
            raise DataError(f"{path}, line {row}: '{line[:60]}' has no tab between id and caption")
        yield number.strip(), caption.strip()
