"""ActivityNet Captions (Krishna et al., 2017): events of long videos, val by two annotators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.dense import read_dense
from vidcap_core.datasets.folders import find_file
from vidcap_core.datasets.records import Counts, Official, Reading

FILES = {
    "train": [("train.json",)],
    "val": [("val_1.json",), ("val_2.json",)],
    "val_1": [("val_1.json",)],
    "val_2": [("val_2.json",)],
}


class ActivityNet(Dataset):
    """20k videos, 3.7 events each. `val` has both annotators, `val_1` and `val_2` one each; test is not public."""

    name = "activitynet"
    splits = ("train", "val", "val_1", "val_2")
    nested: ClassVar[Mapping[str, frozenset[str]]] = {
        "val": frozenset({"val_1", "val_2"}),
        "val_1": frozenset({"val_2"}),
    }
    counts: ClassVar[Counts] = {
        "train": Official(10009, 37421),
        "val": Official(4917, 34536),
        "val_1": Official(4917, 17505),
        "val_2": Official(4885, 17031),
    }

    def read(self, split: str) -> Reading:
        """`train.json`, `val_1.json`, `val_2.json`."""
        names = FILES[split]
        return read_dense(
            [find_file(self.folder, n, f"annotations of ActivityNet's {split} split") for n in names]
        )
