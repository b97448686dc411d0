"""MSR-VTT, 2016 splits (https://www.microsoft.com/en-us/research/publication/msr-vtt)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.files import read_json
from vidcap_core.datasets.folded import FoldedDataset, only
from vidcap_core.datasets.folders import find_file
from vidcap_core.datasets.records import SOURCE, Counts, Official, Reading, Record
from vidcap_core.errors import DataError

_TRAIN_VAL = (
    "train_val_videodatainfo.json",
    "train_val_annotation",
    "videodatainfo_2016.json",
    "videodatainfo.json",
)
FILES = {
    "train": _TRAIN_VAL,
    "val": _TRAIN_VAL,
    "test": ("test_videodatainfo.json", "test_videodatainfo_2016.json", "videodatainfo.json"),
}
CATEGORIES = [
    "music",
    "people",
    "gaming",
    "sports/actions",
    "news/events/politics",
    "education",
    "tv-shows",
    "movie/comedy",
    "animation",
    "vehicles/autos",
    "howto",
    "travel",
    "science/technology",
    "animals/pets",
    "kids/family",
    "documentary",
    "food/drink",
    "cooking",
    "beauty/fashion",
    "advertisement",
]


class MSRVTT(Dataset):
    """10,000 web clips with 20 captions each; train and val share a file, as they are published."""

    name = "msrvtt"
    annotations = FILES
    counts: ClassVar[Counts] = {
        "train": Official(6513, 130260),
        "val": Official(497, 9940),
        "test": Official(2990, 59800),
    }

    def read(self, split: str) -> Reading:
        """`videodatainfo.json`: videos with their split, sentences with their video."""
        return read_msrvtt(self.folder, split)


class MSRVTTPart(FoldedDataset):
    """900 clips of MSR-VTT's official train split: 850 to train on, 50 to validate on (train-internal).

    streams: "image" (VGG-16 through an autoencoder, 50 x 128). fold: 0 .. 4 divides all 900 into train and val for
    cross-validation, all clips of one YouTube video in one fold.
    """

    name = "msrvtt_part"
    aliases = ("msrvtt",)
    splits = ("train", "val")
    counts: ClassVar[Counts] = {"train": Official(6513, 130260), "val": Official(6513, 130260)}
    together = Official(6513, 130260)

    def read_part(self, split: str, members: Mapping[str, Any]) -> Reading:
        """MSR-VTT's train split, and `split.json` for the clips whose features are there."""
        reading = read_msrvtt(self.folder, "train")
        return only(reading, [r for r in reading.records if members.get(r.id) == split])

    @classmethod
    def store_path(cls, folder: Path, where: str) -> Path:
        """The packed stream, or as in every dataset."""
        return folder / "vgg16ae_50x128.npz" if where == "image" else super().store_path(folder, where)


def read_msrvtt(folder: Path, split: str) -> Reading:
    """One split of a folder with MSR-VTT's files."""
    path = find_file(folder, FILES[split], f"annotations of MSR-VTT's {split} split")
    data = read_json(path)
    if not isinstance(data, dict) or not {"videos", "sentences"} <= data.keys():
        raise DataError(f"{path}: is no MSR-VTT file: it has no 'videos' and 'sentences'")
    captions: dict[str, list[str]] = {}
    for sentence in data["sentences"]:
        captions.setdefault(sentence["video_id"], []).append(sentence["caption"])
    records = [
        _record(video, captions.get(video["video_id"], []))
        for video in sorted(data["videos"], key=lambda video: int(video["id"]))
        if video["split"] == ("validate" if split == "val" else split)
    ]
    return Reading(records, [record.id for record in records], files=[path])


def _record(video: dict[str, Any], captions: list[str]) -> Record:
    """The file of a clip holds the clip alone, so its times in the source video only give its duration."""
    duration = round(float(video["end time"]) - float(video["start time"]), 3)
    category = video.get("category")
    groups = {"category": CATEGORIES[category]} if isinstance(category, int) else {}
    if source := video.get("url"):
        groups[SOURCE] = source
    return Record(Clip(video["video_id"], duration=duration), tuple(captions), groups=groups)
