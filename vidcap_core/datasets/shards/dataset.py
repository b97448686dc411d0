"""The data set of shards: what a config asks for, and lanes of samples without an end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

import numpy as np

from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Clip, Sample
from vidcap_core.datasets.inputs import FrameReader
from vidcap_core.datasets.missing import by_name
from vidcap_core.datasets.records import Record
from vidcap_core.datasets.rows import moments
from vidcap_core.datasets.sample_parts import SampleParts
from vidcap_core.datasets.shards.fields import Fields
from vidcap_core.datasets.shards.listing import fingerprint, listed
from vidcap_core.datasets.shards.opened import OpenShards
from vidcap_core.datasets.shards.passes import Place, order_of, shuffled
from vidcap_core.errors import DataError, UserError, VideoError
from vidcap_core.files.local import content_as_file
from vidcap_core.files.parquet_rows import ParquetRows


class Shards:
    """Samples in tar files (WebDataset) or Parquet, streamed for training.

    path: a folder, a file, a pattern or a list of them, here or behind URLs. samples: of an epoch, over all processes;
    None: all there are. shuffle: samples of a lane among which the next one is drawn. vocabulary: samples whose
    captions a tokenizer learns from. caption, video: the fields that hold them, if their names are not usual ones.
    streams: name -> field, or names. optional: streams a sample may lack.
    frames, audio: read from the videos, e.g. frames=dict(kind="uniform", count=8, short_side=64).
    sample: rows of the streams to keep, e.g. dict(kind="uniform", count=28). transforms: change samples.
    """

    name: ClassVar[str] = "shards"

    def __init__(
        self,
        path: str | list[str],
        samples: int | None = None,
        shuffle: int = 1024,
        vocabulary: int = 20_000,
        caption: str | None = None,
        video: str | None = None,
        streams: dict[str, str] | list[str] | None = None,
        optional: list[str] | None = None,
        frames: dict[str, Any] | None = None,
        audio: dict[str, Any] | bool | None = None,
        sample: dict[str, Any] | None = None,
        transforms: list[dict[str, Any]] | None = None,
    ) -> None:
        for argument, value in {"samples": samples, "shuffle": shuffle, "vocabulary": vocabulary}.items():
            if value is not None and value < 1:
                raise DataError(f"shards: {argument} must be 1 or more, not {value}")
        self._shards = listed(path)
        self._shuffle, self._vocabulary = shuffle, vocabulary
        self._caption, self._video = caption, video
        self._streams, self._optional = by_name(streams), frozenset(optional or ())
        reader = FrameReader(**frames) if frames else None
        self._parts = SampleParts(self, reader, audio, sample, transforms)
        self._wanted = (*self._streams.values(), *(name for name in (caption, video) if name is not None))
        self._samples = samples if samples is not None else self._all()

    def __len__(self) -> int:
        return self._samples

    def most_lanes(self) -> int:
        """As many as there are shards."""
        return len(self._shards)

    def stream(self, seed: Sequence[int], lane: int, lanes: int, start: int) -> Iterator[Sample]:
        """What a lane gives, pass after pass; of what is before `start`, nothing but headers is read."""
        with OpenShards(self._shards, self._wanted) as opened:
            for number in count():
                order = order_of(len(self._shards), seed, number, lane, lanes)
                total = opened.total(order)
                if total is not None and 0 < total <= start:
                    start -= total
                    continue
                chance = random.Random(f"samples {list(seed)} {number} {lane} {lanes}")
                place: Place | None = None
                for entered, place in shuffled(order, opened.count, self._shuffle, chance):
                    opened.enter(entered)
                    if start:
                        opened.skip(place)
                        start -= 1
                    else:
                        fields = opened.leave(place)
                        yield self._sample(fields, np.random.default_rng([*seed, number, *place]))
                if place is None:
                    raise DataError(
                        f"{self._shards[order[0]].name}: has no sample",
                        hint="leave empty shards out of path=",
                    )

    def captions(self) -> Iterator[str]:
        """Of the first samples: to read all would take as long as an epoch."""
        left = self._vocabulary
        with OpenShards(self._shards, self._wanted) as opened:
            for shard in range(len(self._shards)):
                for index in range(min(left, opened.count(shard))):
                    opened.enter([(shard, index)])
                    yield from opened.leave((shard, index)).captions(self._caption)
                    left -= 1

    @property
    def varies(self) -> tuple[str, ...]:
        """What is drawn at random each time: inputs, and transforms by their types."""
        return self._parts.varies

    def coverage(self) -> str:
        """An epoch: whether it is all there is, nobody may know."""
        return f"{self._samples} of {self._samples}"

    def fingerprint(self) -> str:
        """Of the shards' names and sizes."""
        return fingerprint(self._shards)

    @classmethod
    def missing(cls, path: str | list[str], **_: Any) -> Iterator[Missing]:
        """Shards that are not there."""
        try:
            listed(path)
        except UserError as error:
            yield Missing("shards: samples", error.message, error.hint or "another path=")

    # Inside.

    def _sample(self, fields: Fields, rng: np.random.Generator) -> Sample:
        captions = fields.captions(self._caption)
        text = captions[int(rng.integers(len(captions)))] if len(captions) > 1 else captions[0]
        clip = Clip(fields.key, duration=fields.duration())
        streams = {}
        for name, field in self._streams.items():
            values = fields.array(field)
            if values is not None:
                streams[name] = values
            elif name not in self._optional:
                raise DataError(
                    f"{fields.where}: has no '{field}'; it has {', '.join(fields.values)}",
                    hint=f"optional=['{name}'] where samples may lack it",
                )
        times = moments({}, {name: len(values) for name, values in streams.items()}, clip.span)
        streams, times = self._parts.chosen(streams, times, rng)
        inputs: dict[str, np.ndarray] = {}
        if self._parts.readers:
            with content_as_file(*fields.video(self._video)) as file:
                try:
                    inputs, moved = self._parts.read(Record(replace(clip, path=str(file))), rng)
                except VideoError as error:
                    error.message = error.message.replace(str(file), fields.where)
                    raise
            times = {**times, **moved}
        return self._parts.transformed(Sample(clip, (), text, streams, inputs, times), rng)

    def _all(self) -> int:
        """How many samples there are, where files beside the shards or tables say so."""
        total = 0
        for shard in self._shards:
            if shard.samples is None and not shard.name.endswith(".parquet"):
                raise DataError(
                    f"shards: nothing says how many samples {shard.name} has, and so how long an epoch is",
                    hint="samples=N, or a sizes.json beside it: {'name.tar': samples, ...}",
                )
            if shard.samples is not None:
                total += shard.samples
            else:
                with closing(ParquetRows(shard.name)) as table:
                    total += len(table)
        if not total:
            raise DataError(f"{self._shards[0].name}: has no sample", hint="another path=")
        return total
