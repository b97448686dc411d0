"""The transform contract: a sample in, targets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Sample


@runtime_checkable
class Transform(Protocol):
    """Adds targets to a sample as it is read: `transforms=[dict(type=..., ...)]` of a data set."""

    def __call__(self, sample: Sample, dataset: Dataset) -> Mapping[str, Any]:
        """The targets by name."""
        ...
