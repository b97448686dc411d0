"""The base of every dataset: annotations joined with cached streams, frames and sound, clip by clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Clip, Event, Sample
from vidcap_core.datasets.check import Report, check_split
from vidcap_core.datasets.folders import FILMS, find_folder, frames_in_zip, videos_below
from vidcap_core.datasets.inputs import FrameReader, FrameZip, Reader
from vidcap_core.datasets.missing import by_name, missing_parts
from vidcap_core.datasets.prepared import read_prepared, source_folders
from vidcap_core.datasets.record_changes import by_event, with_video, without_times
from vidcap_core.datasets.records import CLIP, Annotated, Counts, Official, Reading, Record
from vidcap_core.datasets.rows import crop, moments
from vidcap_core.datasets.sample_parts import Arrays, SampleParts
from vidcap_core.datasets.selection import Selection, read_ids
from vidcap_core.datasets.stores import Store, open_store
from vidcap_core.errors import DataError
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.video.frames import Frames

Unit = Literal["caption", "clip"]


class Dataset:
    """One split of one dataset.

    split: which one. root: the folder it lies in; without it, see `vidcap data where`.
    unit: a sample is one "caption" with its clip, or one "clip" with a caption drawn at random.
    streams: name -> feature store, or names of stores in `<root>/features`. optional: streams a clip may lack.
    frames, audio: read from the videos, e.g. frames=dict(kind="uniform", count=8, short_side=64).
    sample: rows of the streams to keep, e.g. dict(kind="uniform", count=28). transforms: change samples.
    weak: drop all times of events. ids: a list, or a file with one id a line. limit: the first clips only.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    marker: ClassVar[str] = ""  # a file without which a folder is not this dataset's
    splits: ClassVar[tuple[str, ...]] = ("train", "val", "test")
    counts: ClassVar[Counts] = {}
    preparable: ClassVar[bool] = True  # by `vidcap data prepare`
    made_in: ClassVar[str | None] = None  # a folder of the cache, where the data are made when first used
    annotations: ClassVar[Mapping[str, Sequence[str]]] = {}  # by split, the names its file may have
    suffixes: ClassVar[frozenset[str]] = FILMS  # of the files that its clips are
    frame_zip: ClassVar[str] = ""  # a file with the frames of its clips as pictures, read where it is there
    nested: ClassVar[Mapping[str, frozenset[str]]] = {}  # splits that are parts of others

    def __init__(
        self,
        split: str = "train",
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
        if split not in self.splits:
            raise DataError(
                f"{self.name} has no split '{split}'", hint=f"split= one of {', '.join(self.splits)}"
            )
        self.split, self.unit, self.weak = split, unit, weak
        self.folder = self._find(root)
        self.stores = self._open(streams)
        reader = self._frame_reader(**frames) if frames else None
        self._parts = SampleParts(self, reader, audio, sample, transforms)
        prepared = read_prepared(self.folder, split)
        reading = self.read(split) if prepared is None else self.part_of(prepared)
        if weak:  # here, so that nothing of this object ever holds a time
            reading = replace(reading, records=[without_times(r, self.name) for r in reading.records])
        self.defects, self.files = tuple(reading.defects), tuple(reading.files)
        self.annotated = Annotated.of(reading.records)
        videos = videos_below(*source_folders(self.folder), suffixes=self.suffixes)
        needed = {name: store for name, store in self.stores.items() if name not in (optional or ())}
        self.selection = Selection.of(
            [with_video(record, videos) for record in reading.records],
            everything=reading.everything,
            unread=reading.unread,
            official=self.official,
            needs={**needed, **self._parts.readers},
            ids=read_ids(ids),
            limit=limit,
        )
        records = self.selection.used
        if any(record.annotators for record in records) and unit == "caption":
            if weak:
                raise DataError(
                    f"{self.name}: weak=True drops the times, so a single event cannot be a sample",
                    hint='unit="clip"',
                )
            records = [event for record in records for event in by_event(record)]
        self._records = records
        self.clips: list[Clip] = [record.clip for record in records]
        counts = [len(record.captions) if unit == "caption" else 1 for record in records]
        self._ends = np.cumsum(counts)

    # What a dataset brings.

    def read(self, split: str) -> Reading:
        """The official annotation files of a split."""
        raise NotImplementedError

    def part_of(self, prepared: Reading) -> Reading:
        """What this dataset's own arguments choose of a prepared split."""
        return prepared

    @property
    def official(self) -> Official | None:
        """How much the split officially holds, where that is known."""
        return self.counts.get(self.split)

    def _find(self, root: str | None) -> Path:
        return find_folder(self.name, root, self.aliases, self.marker)

    def _open(self, streams: dict[str, str] | list[str] | None) -> dict[str, Store]:
        paths = {name: self.store_path(self.folder, where) for name, where in by_name(streams).items()}
        return {name: open_store(path, self.name) for name, path in paths.items()}

    @classmethod
    def store_path(cls, folder: Path, where: str) -> Path:
        """A path as given, or below the dataset's `features`."""
        inside = folder / "features" / where
        path = Path(where).expanduser()
        return inside if inside.exists() or not path.exists() else path

    @property
    def varies(self) -> tuple[str, ...]:
        """What is drawn at random each time: inputs, and transforms by their types."""
        return self._parts.varies

    @property
    def _used(self) -> Sequence[Record]:
        """The records in use; none is an error that says why."""
        if not self._records:
            raise DataError(
                f"{self.name}, {self.split}: {self.selection.why_empty()}",
                hint=f"vidcap data check {self.name}",
            )
        return self._records

    # What everybody asks a dataset for.

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.get(index, np.random.default_rng([0, index]))

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """One sample; every random choice comes from `rng`."""
        row = int(np.searchsorted(self._ends, index, side="right"))
        record = self._records[row]
        if self.unit == "caption":
            text: str | None = record.captions[index - (int(self._ends[row - 1]) if row else 0)]
        else:
            text = record.captions[int(rng.integers(len(record.captions)))] if record.captions else None
        streams, moments = self._streams(record, rng)
        inputs, times = self._parts.read(record, rng)
        sample = Sample(record.clip, record.events, text, streams, inputs, {**moments, **times})
        return self._parts.transformed(sample, rng)

    def references(self) -> dict[str, list[str]]:
        """Captions by clip; of a clip with events, one paragraph an annotator who found some."""
        return {
            r.id: list(r.captions)
            or [" ".join(e.text.strip() for e in events) for events in r.annotators if events]
            for r in self._used
        }

    def events(self) -> list[dict[str, tuple[Event, ...]]]:
        """Events by clip, one mapping an annotator; a caption is one event that spans its clip."""
        if self.weak:
            raise DataError(
                f"{self.name}: weak=True dropped the times of events", hint="leave weak out of data.val"
            )
        tracks = {
            r.id: r.annotators or tuple((Event(*r.clip.span, text),) for text in r.captions)
            for r in self._used
        }
        count = max(len(annotators) for annotators in tracks.values())
        return [
            {clip: annotators[index] for clip, annotators in tracks.items() if len(annotators) > index}
            for index in range(count)
        ]

    def durations(self) -> dict[str, float]:
        """Durations in seconds, where they are known; a picture has none."""
        return {clip.id: clip.duration for clip in self.clips if clip.duration}

    def captions(self) -> list[str]:
        """Every text, for a tokenizer to learn from."""
        return [text for record in self._used for text in record.texts]

    def groups(self, kind: str) -> dict[str, str]:
        """What each clip belongs to: its category, its source video, ..."""
        return {r.id: r.groups[kind] for r in self._records if kind in r.groups}

    def coverage(self) -> str:
        """`N of M`, with the hash of the missing list where clips are missing."""
        return self.selection.coverage()

    def fingerprint(self) -> str:
        """A hash of what the samples are made of: annotations, ids, features."""
        parts = [self.name, self.split, self.unit, str(self.weak)]
        parts += [f"{name}:{store.fingerprint()}" for name, store in sorted(self.stores.items())]
        return self.selection.fingerprint(self._records, parts)

    def check(self, deep: bool = True) -> Report:
        """Counts against the official ones, what is missing, what is broken."""
        return check_split(self, deep)

    @classmethod
    def missing(cls, **arguments: Any) -> Iterator[Missing]:
        """What someone has to get; nothing of a dataset that makes its data, or finds them in a way of its own."""
        if cls._find is Dataset._find:
            yield from missing_parts(cls, arguments)

    # Inside.

    def _streams(self, record: Record, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        """Rows of the stores, and when they are, as far as the clip's length is known."""
        clip = record.clip
        streams = {}
        for name, store in self.stores.items():
            if known := record.known_as(store):
                streams[name] = store[known]
            elif store.dim:  # a batch of clips that all lack it still tells how wide it is
                streams[name] = np.zeros((0, store.dim), np.float32)
        whole = clip.duration if CLIP in record.groups else None  # of the clip that an event is of
        span = (0.0, whole) if whole else clip.span
        recipes = {name: getattr(store, "recipe", {}) for name, store in self.stores.items()}
        times = moments(recipes, {name: len(values) for name, values in streams.items()}, span)
        if whole:
            streams, times = (
                {name: crop(values, *clip.span, whole) for name, values in arrays.items()}
                for arrays in (streams, times)
            )
        return self._parts.chosen(streams, times, rng)

    def _frame_reader(self, **options: Any) -> Reader:
        packed = frames_in_zip(source_folders(self.folder), self.frame_zip)
        return FrameZip(packed, FrameOptions(**options)) if packed else FrameReader(**options)

    def packed_frames(self, options: FrameOptions) -> dict[str, Callable[[], Frames]]:
        """What reads the frames of each clip that has them in the data set's zip, by the clip's id."""
        packed = frames_in_zip(source_folders(self.folder), self.frame_zip)
        if packed is None:
            return {}
        reader = FrameZip(packed, options)
        return {record.id: partial(reader.frames, record) for record in self._records if reader.has(record)}
