"""The toy dataset as a dataset: made when it is first asked for, read with the readers of the real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from vidcap_core.datasets.annotated import Dataset, Unit
from vidcap_core.datasets.dense import read_dense
from vidcap_core.datasets.emvidcap import read_emvidcap
from vidcap_core.datasets.files import read_json
from vidcap_core.datasets.msrvtt import read_msrvtt
from vidcap_core.datasets.records import Reading
from vidcap_core.datasets.toy.make import make_toy
from vidcap_core.datasets.toy.streams import WIDTHS, toy_stream
from vidcap_core.datasets.toy.world import VERSION, Kind, Size
from vidcap_core.errors import DataError


class Toy(Dataset):
    """Moving shapes. kind: "clips" with captions, or "long" videos of several events.

    mood: captions that tell the emotion in most sentences (clips only). streams: any of image, motion, audio.
    size: "small" for tests, "full" to compare methods, "large" for those that must see more (minutes to make).
    seed: of the data. Other arguments as in every dataset.
    """

    name = "toy"
    preparable = False
    made_in = "toy"

    def __init__(
        self,
        split: str = "train",
        kind: Kind = "clips",
        size: Size = "small",
        seed: int = 0,
        mood: bool = False,
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
        if mood and kind == "long":
            raise DataError("toy: long videos have no captions with moods", hint='kind="clips"')
        self.kind, self.size, self.seed, self.mood = kind, size, seed, mood
        optional = ["audio"] if optional is None else optional
        super().__init__(
            split, root, unit, streams, optional, frames, audio, sample, transforms, weak, limit, ids
        )

    def read(self, split: str) -> Reading:
        """MSR-VTT's format for clips, EmVidCap's for moods, ActivityNet's for long videos."""
        if self.kind == "long":
            names = ["train.json"] if split == "train" else [f"{split}_1.json", f"{split}_2.json"]
            return read_dense([self.folder / "activitynet" / name for name in names])
        reading = read_msrvtt(self.folder / "msrvtt", split)
        if not self.mood:
            return reading
        readings = [
            read_emvidcap(self.folder / "emvidcap", p, s) for p in ("S", "L") for s in ("trainval", "test")
        ]
        captions = {(r.names or (r.id,))[0]: r.captions for part in readings for r in part.records}
        records = [replace(record, captions=captions[record.id]) for record in reading.records]
        return Reading(records, reading.everything, files=[path for part in readings for path in part.files])

    def _find(self, root: str | None) -> Path:
        folder = make_toy(root, self.kind, self.size, self.seed)
        wanted = {"version": VERSION, "kind": self.kind, "size": self.size, "seed": self.seed}
        facts = read_json(folder / "toy.json") if (folder / "toy.json").is_file() else {}
        if {key: facts.get(key) for key in wanted} != wanted:
            raise DataError(
                f"toy: {folder} holds something else than {wanted}", hint="root= a folder not there yet"
            )
        return folder

    @classmethod
    def store_path(cls, folder: Path, where: str) -> Path:
        """A stream that is made when first asked for, or as in every dataset."""
        return toy_stream(folder, where) if where in WIDTHS else super().store_path(folder, where)
