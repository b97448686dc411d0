"""Long videos whose events' times are known but not told: made up, or stitched from real clips of msvd_part."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch
from vidcap_wsdvc_mask import made_up

from vidcap_core.api import Batch, Clip, Event, Stream
from vidcap_core.datasets.msvd import MSVDPart, read_mapping
from vidcap_core.encoders.standardised import Standardised
from vidcap_core.tokenizers.vocabulary import Vocabulary

ANNOTATORS = 3


@dataclass(frozen=True)
class Videos:
    """A batch that tells no time, and what happens in it when: one mapping an annotator, events as told."""

    batch: Batch
    events: tuple[dict[str, tuple[Event, ...]], ...]


class MadeUp:
    """The plugin's made-up videos, new ones at each step. shuffled: the share told in any order."""

    frames = made_up.FRAMES
    widths: ClassVar = {"image": made_up.WIDTH}
    budget: ClassVar = {"batch": 16, "count": 700, "locate": 400, "lr": 4e-3}
    texts: ClassVar = list(made_up.SENTENCES)

    def __init__(self, shuffled: float = 0.0) -> None:
        self.shuffled = shuffled

    def train(self, count: int, seed: tuple[int, ...]) -> Videos:
        """Videos of the training side."""
        return self._make(count, np.random.default_rng((1, *seed)))

    def test(self, count: int, draw: int = 0) -> Videos:
        """The held-out videos of a draw, the same for every run."""
        return self._make(count, np.random.default_rng((2, draw) if draw else 2))

    def _make(self, count: int, random: np.random.Generator) -> Videos:
        made = list(islice(made_up.draw(random, self.shuffled), count))
        events = {f"video{number}": video.events for number, video in enumerate(made)}
        told = [tuple(event.text for event in video.events) for video in made]
        rows = {"image": np.array([video.rows for video in made])}
        return Videos(_batch(list(events), rows, [made_up.SECONDS] * count, told), (events,))


class Stitched:
    """2 to 6 real clips one after the other, as long as they are, with one of their captions each.

    Training videos are made of training clips, test videos of test clips, with `ANNOTATORS` captions of each event.
    Streams are standardised by the training clips.
    """

    frames = 32
    widths: ClassVar = {"image": 1280, "motion": 359}
    budget: ClassVar = {"batch": 8, "count": 2500, "locate": 900, "lr": 2e-3}

    def __init__(self, root: str | None = None) -> None:
        streams = list(self.widths)
        parts = {split: MSVDPart(split, root=root, streams=streams) for split in ("train", "test")}
        folder = parts["train"].folder
        names = {number: name for name, number in read_mapping(folder / "youtube_mapping.txt").items()}
        self.texts = [f"{text}." for text in parts["train"].captions()]
        encoders = {name: Standardised(stream=name) for name in streams}
        for encoder in encoders.values():
            encoder.fit(parts["train"])
        self.clips = {
            split: [self._clip(part, k, names, encoders) for k in range(len(part))]
            for split, part in parts.items()
        }

    def _clip(
        self, part: MSVDPart, index: int, names: dict[str, str], encoders: dict[str, Standardised]
    ) -> tuple[float, Any, list[str]]:
        """Seconds (MSVD's names end with first and last second), streams, captions."""
        sample = part.get(index, np.random.default_rng(0))
        first, last = map(int, names[sample.clip.id].rsplit("_", 2)[1:])
        found = {
            name: Stream(torch.from_numpy(rows), torch.ones(len(rows), dtype=torch.bool))
            for name, rows in sample.streams.items()
        }
        streams = {name: one.derive(found, sample.clip.id).values.numpy() for name, one in encoders.items()}
        return float(last - first), streams, part.references()[sample.clip.id]

    def train(self, count: int, seed: tuple[int, ...]) -> Videos:
        """Videos of training clips."""
        return self._make("train", count, np.random.default_rng((1, *seed)), annotators=1)

    def test(self, count: int, draw: int = 0) -> Videos:
        """Videos of test clips, the same for every run of a draw."""
        return self._make("test", count, np.random.default_rng((2, draw) if draw else 2), ANNOTATORS)

    def _make(self, split: str, count: int, random: np.random.Generator, annotators: int) -> Videos:
        rows: dict[str, list[Any]] = {name: [] for name in self.widths}
        told, durations = [], []
        events: tuple[dict[str, tuple[Event, ...]], ...] = tuple({} for _ in range(annotators))
        for number in range(count):
            chosen = random.choice(len(self.clips[split]), int(random.integers(2, 7)), replace=False)
            parts = [self.clips[split][k] for k in chosen]
            ends = np.cumsum([seconds for seconds, _, _ in parts])
            starts = np.append(0, ends[:-1])
            moments = (np.arange(self.frames) + 0.5) / self.frames * ends[-1]
            owner = np.searchsorted(ends, moments, side="right")
            inside = (moments - starts[owner]) / (ends - starts)[owner]
            for name, found in rows.items():
                picked = [
                    parts[k][1][name][int(share * len(parts[k][1][name]))]
                    for k, share in zip(owner, inside, strict=True)
                ]
                found.append(np.stack(picked).astype(np.float32))
            for file in events:
                file[f"video{number}"] = tuple(
                    Event(float(s), float(e), f"{texts[int(random.integers(len(texts)))]}.")
                    for s, e, (_, _, texts) in zip(starts, ends, parts, strict=True)
                )
            told.append(tuple(event.text for event in events[0][f"video{number}"]))
            durations.append(float(ends[-1]))
        values = {name: np.array(found) for name, found in rows.items()}
        return Videos(_batch([f"video{k}" for k in range(count)], values, durations, told), events)


def tokenizer(texts: list[str]) -> Vocabulary:
    """Whole words and what prompts are made of."""
    forced = ["events:", *map(str, range(1, 17))]
    made = Vocabulary(
        min_count=2 if len(texts) > 100 else 1,
        normalize="lower",
        specials=["<FULL>", "<MASK>", "<SEP>"],
        forced=forced,
    )
    made.fit(texts)
    return made


def _batch(
    names: list[str], values: dict[str, Any], durations: list[float], told: list[tuple[str, ...]]
) -> Batch:
    streams = {
        name: Stream(torch.tensor(rows, dtype=torch.float32), torch.ones(rows.shape[:2], dtype=torch.bool))
        for name, rows in values.items()
    }
    clips = tuple(Clip(name, duration=seconds) for name, seconds in zip(names, durations, strict=True))
    return Batch(clips, streams, targets={"sentences": told})
