"""Checks of a data set: samples, ids, counts, references, and worker processes."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Sample
from vidcap_core.engine.data import Seeded
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Checks, Skipped, expect

SAMPLES = 12
"""How many samples are looked at."""


@dataclass(frozen=True)
class Subject:
    """How a data set is built."""

    build: Callable[[], Dataset]

    @cached_property
    def dataset(self) -> Dataset:
        """Built once."""
        return self.build()

    def samples(self) -> Iterator[tuple[int, Sample]]:
        """Some samples, from the first to the last."""
        size = len(self.dataset)
        for index in dict.fromkeys(np.linspace(0, size - 1, min(size, SAMPLES)).round().astype(int).tolist()):
            yield index, self.dataset.get(index, np.random.default_rng([0, index]))


def counts(subject: Subject) -> None:
    """Clips have ids of their own, samples are of those clips, in their order, and their number is what it says."""
    dataset = subject.dataset
    ids = [clip.id for clip in dataset.clips]
    expect(len(dataset) > 0, "its length asked for", "that it has a sample; it has none")
    twice = next((name for name in ids if ids.count(name) > 1), None) if len(set(ids)) < len(ids) else None
    expect(twice is None, "its clips read", f"that an id is there once; '{twice}' is there twice")
    position = {name: index for index, name in enumerate(ids)}
    last = -1
    for index, sample in subject.samples():
        expect(
            sample.clip.id in position,
            f"sample {index} read",
            f"that its clip is among `clips`; {sample.clip.id} is not",
        )
        here = position[sample.clip.id]
        expect(here >= last, f"sample {index} read", "that samples come in the order of `clips`")
        last = here
    expect(
        last == len(ids) - 1,
        f"sample {len(dataset) - 1}, the last, read",
        f"that it is of the last clip; it is of clip {last + 1} of {len(ids)}",
    )
    expect(
        isinstance(dataset.coverage(), str) and bool(dataset.coverage()),
        "its coverage asked for",
        "that it is a text: N of M",
    )


def texts(subject: Subject) -> None:
    """References, durations and captions are of its clips, say something, and a sample's text is of its own clip."""
    dataset = subject.dataset
    ids = [clip.id for clip in dataset.clips]
    references = dataset.references()
    _same_ids("references", references, ids)
    for clip, lines in references.items():
        expect(
            len(lines) > 0 and all(isinstance(line, str) for line in lines),
            f"the references of {clip} read",
            "that there is a text",
        )
    captions = list(dataset.captions())
    expect(
        all(isinstance(text, str) for text in captions) and bool(captions),
        "its captions read",
        "that there are texts",
    )
    durations = dataset.durations()
    stray = next((clip for clip in durations if clip not in set(ids)), None)
    expect(stray is None, "its durations read", f"that they are of its clips; {stray} is none")
    wrong = next(
        (f"{clip} {value}" for clip, value in durations.items() if not (math.isfinite(value) and value > 0)),
        None,
    )
    expect(wrong is None, "its durations read", f"that they are seconds above 0; {wrong}")
    known = set(captions)
    for index, sample in subject.samples():
        spoken = [*references[sample.clip.id], *(event.text for event in sample.events), *known]
        expect(
            sample.text is None or sample.text in spoken,
            f"sample {index} read",
            f"that its text is one of the captions; '{sample.text}' is none",
        )
        own = [*references[sample.clip.id], *(event.text for event in sample.events)]
        expect(
            sample.text is None or any(sample.text.strip() in text for text in own),
            f"sample {index} read",
            f"that its text is of its own clip, {sample.clip.id}; '{sample.text}' is not",
        )


def times(subject: Subject) -> None:
    """Events are of known clips, in order, inside their clip."""
    dataset = subject.dataset
    try:
        annotators = dataset.events()
    except UserError as error:
        raise Skipped(f"it gives no events: {error.line}") from None
    durations, clips = dataset.durations(), {clip.id: clip for clip in dataset.clips}
    expect(
        {clip for events in annotators for clip in events} == set(clips),
        "its events read",
        "that each clip has some",
    )
    for events in annotators:
        for name, listed in events.items():
            end = clips[name].span[1] or durations.get(name, math.inf)
            for event in listed:
                expect(
                    math.isfinite(event.start) and 0 <= event.start <= event.end,
                    f"the events of {name} read",
                    f"that an event starts before it ends; {event.start:g} to {event.end:g}",
                )
                expect(
                    event.start <= max(end, durations.get(name, end)) + 1e-3,
                    f"the events of {name} read",
                    f"that they are in seconds of the clip, which ends at {end:g}; one starts at {event.start:g}",
                )


def same_twice(subject: Subject) -> None:
    """A sample is the same when it is read twice with the same generator, and when the data set is built again."""
    other = subject.build()
    for index, sample in subject.samples():
        np.random.rand()
        torch.rand(1)
        again = subject.dataset.get(index, np.random.default_rng([0, index]))
        moved = differing(sample, again)
        expect(not moved, f"sample {index} read twice with the same generator", f"the sample; {moved} moved")
        moved = differing(sample, other.get(index, np.random.default_rng([0, index])))
        expect(not moved, f"sample {index} read of a data set built again", f"the sample; {moved} moved")
    expect(
        subject.dataset.fingerprint() == other.fingerprint(), "the data set built again", "its fingerprint"
    )


def arrays(subject: Subject) -> None:
    """Streams are [T, D] of one width, finite; frames are uint8 [T, H, W, 3]; times are one a row, in order."""
    widths: dict[str, int] = {}
    for index, sample in subject.samples():
        changed = f"sample {index} read"
        for name, rows in sample.streams.items():
            shape = np.asarray(rows).shape
            expect(len(shape) == 2, changed, f"that the stream '{name}' is [T, D]; it is {list(shape)}")
            expect(
                widths.setdefault(name, shape[1]) == shape[1],
                changed,
                f"the width of '{name}'; {widths[name]} became {shape[1]}",
            )
            expect(bool(np.isfinite(rows).all()), changed, f"that the stream '{name}' is finite")
        times_of_rows(sample, changed)
        if (frames := sample.inputs.get("frames")) is not None:
            right = frames.dtype == np.uint8 and frames.ndim == 4 and frames.shape[-1] == 3
            expect(
                right,
                changed,
                f"that frames are uint8 [T, H, W, 3]; they are {frames.dtype} {list(frames.shape)}",
            )


def times_of_rows(sample: Sample, changed: str) -> None:
    """Whether each row of a stream or frame has one time, and those are in order."""
    for name, moments in sample.times.items():
        rows = sample.streams.get(name, sample.inputs.get(name, moments))
        expect(
            len(moments) == len(rows),
            changed,
            f"that `times` of '{name}' are one a row; {len(moments)} for {len(rows)} rows",
        )
        ordered = bool(np.isfinite(moments).all() and (np.diff(moments) >= 0).all())
        expect(ordered, changed, f"that `times` of '{name}' are seconds in order")


def in_a_worker(subject: Subject) -> None:
    """A worker process, forked after it was read here, reads the same samples."""
    if "fork" not in multiprocessing.get_all_start_methods():
        raise Skipped("this system forks no processes")
    here = list(subject.samples())
    loader: DataLoader[Any] = DataLoader(
        Seeded(subject.dataset, ()),  # type: ignore[arg-type]
        sampler=[(0, index) for index, _ in here],
        batch_size=None,
        num_workers=1,
        multiprocessing_context="fork",
    )
    for (index, sample), read in zip(here, loader, strict=True):
        moved = differing(sample, read)
        expect(not moved, f"sample {index} read in a worker process", f"the sample; {moved} moved")


CHECKS: Checks = {
    "counts": counts,
    "texts": texts,
    "events": times,
    "arrays": arrays,
    "same sample twice": same_twice,
    "in a worker": in_a_worker,
}


def differing(a: object, b: object, where: str = "sample") -> str:
    """Where two plain things differ first; "" where they are the same."""
    if is_dataclass(a) and not isinstance(a, type) and type(a) is type(b):
        pairs = ((f.name, getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
        return next((w for name, x, y in pairs if (w := differing(x, y, name))), "")
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if list(a) != list(b):
            return f"the keys of {where}"
        return next((w for key in a if (w := differing(a[key], b[key], f"{where}.{key}"))), "")
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        if len(a) != len(b):
            return f"the length of {where}"
        return next((w for x, y in zip(a, b, strict=True) if (w := differing(x, y, where))), "")
    if hasattr(a, "shape") or hasattr(b, "shape"):
        same = np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f")
        return "" if same else where
    return "" if a == b else where


def _same_ids(what: str, given: Mapping[str, Any], ids: list[str]) -> None:
    lacking = [name for name in ids if name not in given]
    more = [name for name in given if name not in set(ids)]
    some = ", ".join([*lacking, *more][:3])
    expect(
        not lacking and not more,
        f"its {what} read",
        f"that they are of its clips; {len(lacking)} clips have none, {len(more)} ids are of no clip ({some})",
    )
