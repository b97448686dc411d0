"""Made-up videos: events that can be recognised at once, so that *when* is all there is to find out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vidcap_core.api import ConfigError, Dataset, Event, Reading, cache_home, make_once, read_dense

VERSION = 1
FRAMES, WIDTH, SECONDS = 24, 16, 100.0
SENTENCES = tuple(
    f"{colour} {thing}"
    for colour in ("red", "blue", "green", "white")
    for thing in ("apple.", "bird.", "cloud.")
)
NOISE = 0.3
SHIFT = 0.45
Layout = Literal["tiled", "loose"]
SPLITS = {"train": 4000, "val": 96, "test": 200}


@dataclass(frozen=True)
class Video:
    """Rows [FRAMES, WIDTH], and its events in the order in which they are told."""

    rows: np.ndarray
    events: tuple[Event, ...]


def draw(random: np.random.Generator, shuffled: float = 0.0, layout: Layout = "tiled") -> Iterator[Video]:
    """Videos without end; a share `shuffled` of them tell their events in any order."""
    prototypes = np.random.default_rng(0).normal(size=(len(SENTENCES), WIDTH))
    moments = (np.arange(FRAMES) + 0.5) / FRAMES
    while True:
        size = int(random.integers(2, 5))
        ends = np.cumsum(random.dirichlet(np.full(size, 2.0)))
        ends[-1] = 1.0
        shown = random.permutation(len(SENTENCES))[:size]
        starts = np.append(0, ends[:-1])
        if layout == "loose":
            starts, ends = loosened(random, starts, ends)
        inside = (starts[:, None] <= moments) & (moments < ends[:, None])
        seen = inside.T @ prototypes[shown] / np.maximum(1, inside.sum(0))[:, None]
        rows = seen + NOISE * random.normal(size=(FRAMES, WIDTH))
        order = random.permutation(size) if random.random() < shuffled else np.arange(size)
        events = (Event(SECONDS * starts[k], SECONDS * ends[k], SENTENCES[shown[k]]) for k in order)
        yield Video(rows.astype(np.float32), tuple(events))


def loosened(
    random: np.random.Generator, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of each event moved by up to SHIFT of its length, by their middles: events overlap, and leave gaps."""
    length = ends - starts
    moved = np.stack([starts, ends]) + random.uniform(-SHIFT, SHIFT, (2, len(length))) * length
    first, last = moved.clip(0, 1)[:, moved.sum(0).argsort()]
    return first, last


class MadeUp(Dataset):
    """2 to 4 events a video; an event shows one of 12 prototypes with noise, its sentence names it.

    shuffled: the share of videos that tell their events in any order.
    layout: "tiled" events fill the video one after the other; "loose" ones overlap, where the mean of both is seen,
        and leave gaps, where noise is. There are no pixels: `streams` is ["image"], 24 rows of width 16.
    Other arguments as in every dataset.
    """

    name = "made_up"
    preparable = False
    made_in = "wsdvc_mask"

    def __init__(
        self, split: str = "train", shuffled: float = 0.0, layout: Layout = "tiled", **others: Any
    ) -> None:
        if not 0 <= shuffled <= 1:
            raise ConfigError(f"shuffled={shuffled} is a share of the videos", hint="shuffled=0.167")
        self.shuffled, self.layout = shuffled, layout
        super().__init__(split, **others)

    def read(self, split: str) -> Reading:
        """ActivityNet's format."""
        return read_dense([self.folder / f"{split}.json"])

    def _find(self, root: str | None) -> Path:
        home = Path(root) if root else cache_home() / self.made_in
        loose = "" if self.layout == "tiled" else f"-{self.layout}"
        return make_once(home / f"made_up-v{VERSION}-{self.shuffled:g}{loose}", self._make)

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        rows: dict[str, np.ndarray] = {}
        for number, (split, count) in enumerate(SPLITS.items()):
            videos = draw(np.random.default_rng((VERSION, number)), self.shuffled, self.layout)
            annotations = {}
            for index, video in enumerate(islice(videos, count)):
                rows[name := f"{split}{index}"] = video.rows
                annotations[name] = {
                    "duration": SECONDS,
                    "timestamps": [[event.start, event.end] for event in video.events],
                    "sentences": [event.text for event in video.events],
                }
            (folder / f"{split}.json").write_text(json.dumps(annotations))
        np.savez(folder / "image.npz", ids=np.array(list(rows)), feats=np.array(list(rows.values())))

    @classmethod
    def store_path(cls, folder: Path, where: str) -> Path:
        """Made with the annotations."""
        return folder / f"{where}.npz"
