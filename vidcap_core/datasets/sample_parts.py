"""What a data set makes of a clip's rows and file: rows that are kept, frames, sound, what transforms change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vidcap_core.contracts.transform import Transform
from vidcap_core.contracts.types import Sample
from vidcap_core.datasets.inputs import AudioReader, Reader
from vidcap_core.datasets.records import Record
from vidcap_core.datasets.rows import RowSampling
from vidcap_core.errors import DataError
from vidcap_core.video.frames import Frames
from vidcap_core.zoo.registry import TRANSFORMS

Arrays = dict[str, np.ndarray]


class SampleParts:
    """The arguments `frames`, `audio`, `sample` and `transforms` of a data set, at work."""

    def __init__(
        self,
        dataset: object,
        frames: Reader | None,
        audio: dict[str, Any] | bool | None,
        sample: Mapping[str, Any] | None,
        transforms: Sequence[Mapping[str, Any]] | None,
    ) -> None:
        self._dataset, self._name = dataset, str(getattr(dataset, "name", type(dataset).__name__))
        self._rows = RowSampling(**sample) if sample else None
        self.readers: dict[str, Reader] = {}
        if frames is not None:
            self.readers["frames"] = frames
        if audio:
            self.readers["audio"] = AudioReader(**(audio if isinstance(audio, dict) else {}))
        self._transforms = [_transform(spec) for spec in transforms or ()]

    @property
    def varies(self) -> tuple[str, ...]:
        """What is drawn at random each time: inputs, and transforms by their types."""
        sources = (*self.readers.items(), *self._transforms)
        return tuple(name for name, source in sources if getattr(source, "varies", False))

    def chosen(self, streams: Arrays, times: Arrays, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        """The rows that are kept, and their times."""
        if self._rows is None:
            return streams, times
        kept = self._rows({name: len(values) for name, values in streams.items()}, rng)
        both = ({name: values[kept[name]] for name, values in part.items()} for part in (streams, times))
        streams, times = both
        return streams, times

    def read(self, record: Record, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        """What is read of the clip's file, and when frames are."""
        read: dict[str, Any] = {name: reader(record, rng) for name, reader in self.readers.items()}
        frames = {name: each for name, each in read.items() if isinstance(each, Frames)}
        inputs = {
            name: each.values if name in frames else each for name, each in read.items() if each is not None
        }
        return inputs, {name: each.times for name, each in frames.items()}

    def transformed(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """What the transforms make of a sample, one after the other."""
        for name, transform in self._transforms:
            changed = transform(sample, self._dataset, rng)  # type: ignore[arg-type]
            if not isinstance(changed, Sample):
                raise DataError(
                    f"the transform {name} of {self._name} returned {type(changed).__name__} and no Sample",
                    hint="return sample.with_targets(name=value), or dataclasses.replace(sample, ...)",
                )
            sample = changed
        return sample


def _transform(spec: Mapping[str, Any]) -> tuple[str, Transform]:
    """A transform with its type."""
    if "type" not in spec:
        raise DataError(f"a transform must be dict(type=..., ...), not {json.dumps(spec)}")
    return spec["type"], TRANSFORMS.component(spec).build()
