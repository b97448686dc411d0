"""A split that is not here, as far as shapes go: real captions where the annotations are, else made-up ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Clip, Event, Sample
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import TRANSFORMS

WORDS = 10
"""In a made-up caption: about the mean of MSVD, MSR-VTT, VATEX and of ActivityNet's sentences."""
VOCABULARY = 10_000
"""Different words in made-up captions, about as many as MSR-VTT has that were said three times."""
EVENTS = 4
"""Of a made-up video that is described by events: ActivityNet has 3.7."""
SECONDS = {"activitynet": 118.0, "youcook2": 316.0, "msrvtt": 15.0}
"""Mean length of a video, as the data sets' papers say; others are of clips of 10 s."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Rows and widths of the streams that a config reads, and who said so."""

    rows: Mapping[str, int]
    widths: Mapping[str, int]
    said_by: str


class MadeUpClips:
    """One split: its captions if `annotated` is given, and streams and inputs of zeros."""

    def __init__(
        self,
        arguments: Mapping[str, Any],
        shapes: Shapes,
        annotated: Dataset | None,
        clips: int,
        captions: int,
    ) -> None:
        self.shapes, self.annotated, self.arguments = shapes, annotated, arguments
        self.unit = arguments.get("unit", "caption")
        self._transforms = [TRANSFORMS.component(spec).build() for spec in arguments.get("transforms") or ()]
        self._per_clip = max(1, captions // max(1, clips))
        self._made_up = [Clip(f"clip{number}", duration=10.0) for number in range(clips)]

    @property
    def clips(self) -> Sequence[Clip]:
        """All of them."""
        return self.annotated.clips if self.annotated is not None else self._made_up

    def __len__(self) -> int:
        """Captions, or clips."""
        if self.annotated is not None:
            return len(self.annotated)
        return len(self._made_up) * (1 if self.unit == "clip" else self._per_clip)

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """A sample whose streams are of the right shape."""
        sample: Sample
        if self.annotated is not None:
            sample = self.annotated.get(index, rng)
        else:
            clip = self._made_up[index // (1 if self.unit == "clip" else self._per_clip)]
            sample = Sample(clip, self._events(clip), self._caption(index))
        rows, widths = self.shapes.rows, self.shapes.widths
        streams = {name: np.zeros((rows[name], widths[name]), np.float32) for name in widths}
        inputs: dict[str, np.ndarray] = {}
        if frames := self.arguments.get("frames"):
            inputs["frames"] = np.zeros((*_pictures(frames), 3), np.uint8)
        if self.arguments.get("audio"):
            inputs["audio"] = np.zeros(160_000, np.float32)
        sample = Sample(sample.clip, sample.events, sample.text, streams, inputs)
        for transform in self._transforms:
            sample = transform(sample, self, rng)
        return sample

    def captions(self) -> Sequence[str]:
        """Texts for a tokenizer to learn from."""
        if self.annotated is not None:
            return list(self.annotated.captions())
        words = [f"w{number}" for number in range(VOCABULARY)]
        lines = [" ".join(words[first : first + WORDS]) for first in range(0, VOCABULARY, WORDS)]
        return lines * 5  # each word as often as any `min_count` asks for

    def references(self) -> dict[str, list[str]]:
        """A caption a clip."""
        if self.annotated is not None:
            return {clip: list(texts) for clip, texts in self.annotated.references().items()}
        return {clip.id: [self._caption(number)] for number, clip in enumerate(self._made_up)}

    def events(self) -> list[dict[str, tuple[Event, ...]]]:
        """By one annotator."""
        return [{clip.id: self._events(clip) for clip in self.clips}]

    def durations(self) -> dict[str, float]:
        """Seconds by clip."""
        return {clip.id: clip.duration or 10.0 for clip in self.clips}

    def coverage(self) -> str:
        """All of it."""
        return f"{len(self.clips)} of {len(self.clips)}"

    def fingerprint(self) -> str:
        """Of nothing that is real."""
        return hashlib.sha256(repr((self.shapes, len(self))).encode()).hexdigest()

    def _caption(self, index: int) -> str:
        rng = np.random.default_rng([1, index])
        return " ".join(f"w{word}" for word in rng.integers(0, VOCABULARY, WORDS))

    def _events(self, clip: Clip) -> tuple[Event, ...]:
        end = clip.duration or 10.0
        edges = np.linspace(0.0, end, EVENTS + 1).tolist()
        return tuple(Event(*span, self._caption(n)) for n, span in enumerate(pairwise(edges)))


def stand_in(made_by: Component, widths: Mapping[str, int], rows: Mapping[str, int]) -> Component:
    """A component that makes such a split of the arguments of the one that lacks its data."""
    plain = {
        key: value
        for key, value in made_by.arguments.items()
        if key not in ("streams", "optional", "frames", "audio", "sample", "transforms")
    }
    try:
        annotated: Dataset | None = made_by.changed().target(**plain)
        if annotated is not None and not len(annotated):
            annotated = None
    except UserError:
        annotated = None
    official = getattr(made_by.target, "counts", {}).get(made_by.arguments.get("split", "train"))
    if annotated is None and (official is None or official.clips is None):
        raise ConfigError(
            f"{made_by.type}: its data are not here, and nobody knows how many clips there would be",
            hint="vidcap data where; or a config whose data are here",
        )
    clips = official.clips if official is not None and official.clips else 0
    captions = (official.captions if official is not None else None) or clips

    def build(**arguments: Any) -> MadeUpClips:
        read = arguments.get("streams") or {}
        names = [name for name in read if name in widths]
        if unknown := [name for name in read if name not in widths]:
            raise ConfigError(
                f"the width of the stream '{unknown[0]}' is not known: its features are not here, and the head "
                "does not say it",
                hint="head.streams=dict(NAME=WIDTH)",
            )
        count = (arguments.get("sample") or {}).get("count")
        shapes = Shapes({n: count or rows[n] for n in names}, {n: widths[n] for n in names}, "the config")
        return MadeUpClips(arguments, shapes, annotated, clips, captions)

    return Component(made_by.type, build, made_by.arguments)


def _pictures(frames: Mapping[str, Any]) -> tuple[int, int, int]:
    """How many pictures, how high and how wide."""
    options = FrameOptions(**frames)
    count = options.count or options.most or round((options.rate or 1.0) * 10)
    side = options.short_side or 240
    return count * (options.clips or 1), side, side if options.crop == "center" else side * 4 // 3
