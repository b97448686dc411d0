"""YouCook2 (Zhou et al., 2018): cooking videos with the steps of their recipes, in ActivityNet's format."""

from __future__ import annotations

from typing import ClassVar

from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.dense import read_dense
from vidcap_core.datasets.folders import find_file
from vidcap_core.datasets.records import Counts, Official, Reading

FILES = {"train": ("yc2_train.json", "train.json"), "val": ("yc2_val.json", "val.json")}


class YouCook2(Dataset):
    """1,333 / 457 videos, 7.7 steps each. Many videos are gone from YouTube: always say "N of M"."""

    name = "youcook2"
    annotations = FILES
    splits = ("train", "val")
    counts: ClassVar[Counts] = {"train": Official(1333, 10337), "val": Official(457, 3492)}

    def read(self, split: str) -> Reading:
        """`yc2_train.json`, `yc2_val.json`."""
        return read_dense([find_file(self.folder, FILES[split], f"annotations of YouCook2's {split} split")])
