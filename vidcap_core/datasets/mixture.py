"""Several data sets side by side, each passed as often an epoch as is said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Clip, Event, Sample
from vidcap_core.errors import DataError
from vidcap_core.zoo.registry import DATASETS

Value = TypeVar("Value")


class Mixture:
    """One epoch passes each data set `times` times; batches mix them by the order of the run.

    of: name -> data set, e.g. dict(clips=dict(type="MSVDPart"), pictures=dict(type="Flickr8k")).
    times: name -> passes an epoch; 1 where nothing is said, 0 leaves a set out of the samples.
    Words are learnt from all of them, whatever `times` says, so that every phase has the same vocabulary.
    """

    def __init__(self, of: Mapping[str, Mapping[str, Any]], times: Mapping[str, int] | None = None) -> None:
        if not of:
            raise DataError("a Mixture needs data sets", hint="of=dict(clips=dict(type=...), ...)")
        self.times = check_times(of, times or {})
        self.parts = {name: _build(name, spec) for name, spec in of.items()}
        self._refuse_twins()
        rounds = [part for name, part in self.parts.items() for _ in range(self.times[name])]
        self._rounds = rounds
        self._ends = np.cumsum([len(part) for part in rounds])
        self.varies = tuple({name: None for part in self._in_use for name in getattr(part, "varies", ())})

    @property
    def _in_use(self) -> list[Dataset]:
        return [part for name, part in self.parts.items() if self.times[name]]

    @property
    def clips(self) -> list[Clip]:
        """Every clip in use, once."""
        return [clip for part in self._in_use for clip in part.clips]

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """One sample of one of them."""
        row = int(np.searchsorted(self._ends, index, side="right"))
        return self._rounds[row].get(index - (int(self._ends[row - 1]) if row else 0), rng)

    def captions(self) -> Iterator[str]:
        """Every text of every set, once."""
        for part in self.parts.values():
            yield from part.captions()

    def references(self) -> dict[str, Sequence[str]]:
        """Captions by clip."""
        return _joined(part.references() for part in self._in_use)

    def events(self) -> list[dict[str, Sequence[Event]]]:
        """Events by clip, one mapping an annotator."""
        tracks = [part.events() for part in self._in_use]
        count = max((len(each) for each in tracks), default=0)
        return [_joined(each[index] for each in tracks if len(each) > index) for index in range(count)]

    def durations(self) -> dict[str, float]:
        """Seconds by clip, where they are known."""
        return _joined(part.durations() for part in self._in_use)

    def coverage(self) -> str:
        """What each of them has."""
        parts = (f"{name}: {part.coverage()}" for name, part in self.parts.items() if self.times[name])
        return "; ".join(parts)

    def fingerprint(self) -> str:
        """A hash of what the samples are made of."""
        content = {name: [part.fingerprint(), self.times[name]] for name, part in self.parts.items()}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @classmethod
    def missing(cls, of: Mapping[str, Mapping[str, Any]], **_: Any) -> Iterator[Missing]:
        """What someone has to get for any of them."""
        for spec in of.values():
            made_by = DATASETS.load(str(spec.get("type")))
            if hasattr(made_by, "missing"):
                yield from made_by.missing(**{key: value for key, value in spec.items() if key != "type"})

    def _refuse_twins(self) -> None:
        owner: dict[str, str] = {}
        for name, part in self.parts.items():
            for clip in {clip.id for clip in part.clips}:
                if owner.setdefault(clip, name) != name:
                    raise DataError(f"the clip '{clip}' is in '{owner[clip]}' and in '{name}' of a Mixture")


def check_times(of: Mapping[str, Any], times: Mapping[str, int]) -> dict[str, int]:
    """How often each set is passed in an epoch."""
    if unknown := sorted(times.keys() - of.keys()):
        raise DataError(
            f"times names '{unknown[0]}', which the Mixture has not", hint=f"one of {', '.join(of)}"
        )
    passes = {name: times.get(name, 1) for name in of}
    for name, count in passes.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise DataError(f"times.{name} must be a whole number from 0, not {count!r}")
    return passes


def _build(name: str, spec: Mapping[str, Any]) -> Dataset:
    if not isinstance(spec, Mapping) or "type" not in spec:
        raise DataError(f"'{name}' of a Mixture must be dict(type=..., ...), not {spec!r}")
    made: Dataset = DATASETS.component(spec).build()
    return made


def _joined(mappings: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    return {key: value for mapping in mappings for key, value in mapping.items()}
