"""The transform contract: a sample in, another sample out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Sample

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Transform(Protocol):
    """Changes samples as they are read: `transforms=[dict(type=..., ...)]` of a data set, in their order.

    It may change anything: targets, streams, inputs, text. What it was given stays as it is, for others may hold it.
    One that draws streams, frames or sound at random has `varies`, which is true.
    """

    def __call__(self, sample: Sample, dataset: Dataset, rng: np.random.Generator) -> Sample:
        """The changed sample; every random choice comes from `rng`, so that runs resume exactly."""
        ...
