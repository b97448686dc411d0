"""What it takes to make the stores of a config: clips, gigabytes and hours, with the arithmetic; and making them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import torch

from vidcap_core.config.recipe import Recipe
from vidcap_core.contracts.encoder import DerivedEncoder, Encoder
from vidcap_core.contracts.types import Clip, Stream
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.config_stores import ConfigStore, without_inputs
from vidcap_core.datasets.missing import by_name
from vidcap_core.errors import ConfigError, DataError, VideoError
from vidcap_core.features.extract import Engine, Report, encode_clip, extract, recipe_of
from vidcap_core.features.journal import agree
from vidcap_core.features.parts import Part
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.video.frames import Frames
from vidcap_metrics.counted import counted

Cluster = Callable[[Callable[[], Encoder], Encoder], Engine]
"""Gives an engine that encodes with what the first makes, anew in each process, as the second does here."""
TRIED, PATIENCE = 3, 60.0
"""Clips that are timed before the work begins, and the seconds after which no further one is."""


@dataclass(frozen=True, slots=True)
class StorePlan:
    """One store: how many clips are in it, which ones are to be made, how many have no video, and what they cost.

    rows, width, seconds: of a clip, as those that were tried had them; None where none could be.
    """

    store: ConfigStore
    there: int = 0
    todo: tuple[Clip, ...] = ()
    absent: int = 0
    tried: int = 0
    rows: float | None = None
    width: int | None = None
    seconds: float | None = None

    @property
    def by(self) -> str:
        """What makes it, for people."""
        if self.store.given:
            return "imported"
        return self.store.encoder.type if self.store.encoder else "made elsewhere"

    def gigabytes(self, size: int) -> float | None:
        """What is still to be written, where a value takes `size` bytes."""
        if self.rows is None or self.width is None:
            return None
        return len(self.todo) * self.rows * self.width * size / 1e9

    @property
    def hours(self) -> float | None:
        """Of this machine, one clip after the other."""
        return None if self.seconds is None else len(self.todo) * self.seconds / 3600

    def lines(self, size: int) -> Iterator[str]:
        """How the two figures come about, and what cannot be made."""
        name, clips = self.store.stream, f"{len(self.todo):,}"
        if self.rows is not None and self.seconds is not None:
            yield (
                f"{name}: {clips} x {self.rows:.4g} rows x {self.width} x {size} bytes = "
                f"{self.gigabytes(size):.3g} GB; {clips} x {self.seconds:.2g} s = {self.hours:.2g} h "
                f"({counted(self.tried, 'clip')} tried here, one after the other)"
            )
        elif self.todo and self.store.derived:
            yield f"{name}: made of other stores, when they are there"
        elif self.todo:
            yield f"{name}: none of the clips that were tried gave anything, so its size is not known"
        if self.absent:
            yield (
                f"{name}: {self.absent:,} of {len(self.store.clips):,} clips have no video "
                "(vidcap data check lists them)"
            )


def plan(store: ConfigStore, decoder: str, dtype: str, device: str) -> StorePlan:
    """Look at what is there, and try a few of the clips that are not; a store of another recipe is refused."""
    clips, begun = store.clips, store.begun
    if store.given or store.encoder is None:
        return StorePlan(store, there=len(clips) if begun is None else len(begun.clips & clips.keys()))
    done = begun.clips if begun else frozenset()
    rest = [clip for clip in clips.values() if clip.id not in done]
    if store.derived:
        return StorePlan(store, len(clips) - len(rest), tuple(rest))
    encoder = _build(store, device)
    if begun is not None:
        want = {"recipe": json.loads(json.dumps(recipe_of(encoder, decoder))), "dtype": dtype}
        have = {"recipe": dict(begun.recipe), "dtype": begun.dtype}
        agree(store.path, have, want, f"to make it again: rm -r {store.path}; or --stream with the others")
    packed = store.packed_for(encoder)
    todo = [clip for clip in rest if clip.path is not None or clip.id in packed]
    shapes, seconds = [], []
    for values, took in _tried(encoder, todo, decoder, packed):
        shapes.append(values.shape)
        seconds.append(took)
    rows = float(np.mean([shape[0] for shape in shapes])) if shapes else None
    width = shapes[0][1] if shapes else None
    middle = float(np.median(seconds)) if seconds else None
    there, absent = len(clips) - len(rest), len(rest) - len(todo)
    return StorePlan(store, there, tuple(todo), absent, len(shapes), rows, width, middle)


def make(
    planned: StorePlan,
    recipe: Recipe,
    workers: int,
    decoder: str,
    dtype: str,
    device: str,
    advance: Callable[[int], None],
    cluster: Cluster | None = None,
    part: Part | None = None,
) -> Report:
    """Make what is not there yet of a store, or of a part of it; stopped and started again, it goes on."""
    if planned.store.derived:
        return _derive(planned.store, recipe, dtype, advance)
    encoder = _build(planned.store, device)
    packed = planned.store.packed_for(encoder)
    engine = None
    if cluster is not None:
        refuse_packed(packed)
        engine = cluster(partial(_build, replace(planned.store, data={}), "cpu"), encoder)
    report = extract(
        planned.todo,
        encoder,
        planned.store.path,
        workers,
        dtype,
        decoder,
        advance,
        packed,
        engine,
        part,
    )
    report.kept += planned.there
    return report


def refuse_packed(packed: Mapping[str, object]) -> None:
    """Refuse to send frames that lie as pictures in a zip through a cluster."""
    if packed:
        raise DataError(
            f"{counted(len(packed), 'clip')} are pictures in a zip, which only this machine reads",
            hint="without --engine ray; several processes: --shard I/N",
        )


def _derive(store: ConfigStore, recipe: Recipe, dtype: str, advance: Callable[[int], None]) -> Report:
    """Learn from the training split what is to be learnt, then derive the stream of every clip."""
    assert store.encoder is not None
    encoder = cast(DerivedEncoder, store.encoder.build()).eval()
    sources = tuple(encoder.sources)
    for split in recipe.data:
        read = by_name(recipe.data[split].arguments.get("streams"))
        if absent := [name for name in sources if name not in read]:
            raise ConfigError(
                f"{recipe.name}: '{store.stream}' is made of '{absent[0]}', of which data.{split} reads no store",
                hint=f"data.{split}.streams with '{absent[0]}'",
            )
    data = {split: _with_sources(recipe, split, sources) for split in {"train": None, **store.data}}
    encoder.fit(data["train"])
    report = Report()
    with FeatureWriter(store.path, encoder.recipe(), dtype) as writer:
        done = writer.done
        for split, clips in data.items():
            encoder.train(split == "train")
            for clip, streams in _stored(clips):
                if split in store.data and clip in store.clips:
                    advance(1)
                    if clip in done:
                        report.kept += 1
                    elif len(rows := encoder.derive(streams, clip).values):
                        writer.add(clip, rows.numpy())
                        report.made += 1
                    else:
                        report.skipped.append((clip, f"nothing came of {', '.join(sources)}"))
    return report


def _with_sources(recipe: Recipe, split: str, sources: Sequence[str]) -> Dataset:
    streams = by_name(recipe.data[split].arguments.get("streams"))
    given = {name: streams[name] for name in sources}
    return cast(Dataset, without_inputs(recipe.data[split], given).build())


def _stored(data: Dataset) -> Iterator[tuple[str, dict[str, Stream]]]:
    """The stored streams of every clip."""
    for index in range(len(data)):
        sample = data[index]
        rows = {
            name: torch.from_numpy(np.array(values, np.float32)) for name, values in sample.streams.items()
        }
        yield (
            sample.clip.id,
            {name: Stream(each, torch.ones(len(each), dtype=torch.bool)) for name, each in rows.items()},
        )


def _tried(
    encoder: Encoder, clips: Sequence[Clip], decoder: str, packed: Mapping[str, Callable[[], Frames]]
) -> Iterator[tuple[np.ndarray, float]]:
    """Rows of a few clips, evenly chosen, and the seconds that each took; the first one only warms up."""
    began, made = time.monotonic(), 0
    chosen = [clips[i * len(clips) // (2 * TRIED)] for i in range(min(len(clips), 2 * TRIED))]
    for clip in [*chosen[:1], *chosen]:
        start = time.monotonic()
        try:
            values = encode_clip(encoder, clip, decoder, packed.get(clip.id))
        except (VideoError, DataError):
            continue
        now = time.monotonic()
        if made:
            yield values, now - start
        made += 1
        if made > TRIED or (made > 1 and now - began > PATIENCE):
            return


def _build(store: ConfigStore, device: str) -> Encoder:
    assert store.encoder is not None
    encoder = store.encoder.build()
    if not isinstance(encoder, Encoder):
        raise ConfigError(f"'{store.encoder.type}' is no encoder", hint="vidcap list encoders")
    return encoder.eval().to(device)
