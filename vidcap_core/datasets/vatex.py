"""VATEX (Wang et al., 2019): ten-second clips of Kinetics videos with ten English captions each."""

from __future__ import annotations

from typing import ClassVar

from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.files import read_json, read_text
from vidcap_core.datasets.folders import find_file, look_for
from vidcap_core.datasets.records import SOURCE, Counts, Official, Reading, Record
from vidcap_core.errors import DataError

FILES = {
    "train": ("vatex_training_v1.0.json",),
    "val": ("vatex_validation_v1.0.json",),
    "test": ("vatex_public_test_english_v1.1.json", "vatex_public_test_v1.0.json"),
}
MAPPING = ("vatex_mapping.txt",)
"""Where the counts below are from: Wang et al., https://arxiv.org/abs/1904.03493; train, val and the private test stand
also in the VALUE benchmark's notes on its data. The mapping numbers 34,991 clips, which is train + val + public test,
in this order: published predictions of the public test are of video28991 to video34990, 6,000 clips.
"""


class VATEX(Dataset):
    """English captions of 25,991 / 3,000 / 6,000 clips; test is the public one.

    Ten a clip. The 6,278 clips of the private test have no public captions.
    """

    name = "vatex"
    annotations = FILES
    counts: ClassVar[Counts] = {
        "train": Official(25991, 259910),
        "val": Official(3000, 30000),
        "test": Official(6000, 60000),
    }

    def read(self, split: str) -> Reading:
        """A list of `{"videoID": "<YouTube id>_<start>_<end>", "enCap": [...]}`."""
        path = find_file(self.folder, FILES[split], f"captions of VATEX's {split} split")
        data = read_json(path)
        if not isinstance(data, list) or not all(isinstance(v, dict) and "videoID" in v for v in data):
            raise DataError(f"{path}: is no VATEX file: a list of records with 'videoID' and 'enCap'")
        other = self._other_names()
        records = [self._record(video, other) for video in data]
        return Reading(records, [record.id for record in records], files=[path])

    def _record(self, video: dict[str, object], other: dict[str, str]) -> Record:
        name = str(video["videoID"])
        captions = video.get("enCap") or []
        assert isinstance(captions, list)
        source, start, end = name.rsplit("_", 2) if name.count("_") >= 2 else (name, "", "")
        duration = float(int(end) - int(start)) if start.isdigit() and end.isdigit() else None
        names = (other[name],) if name in other else ()
        return Record(
            Clip(name, duration=duration or None), tuple(captions), names=names, groups={SOURCE: source}
        )

    def _other_names(self) -> dict[str, str]:
        """`video12` by id, where the community's mapping lies beside the captions: features often carry it."""
        mapping = look_for(self.folder, MAPPING)
        lines = read_text(mapping).splitlines() if mapping else []
        return dict(line.split() for line in lines if len(line.split()) == 2)
