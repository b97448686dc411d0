"""Rows of streams that are left out at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Sample
from vidcap_core.errors import ConfigError


class RowDropout:
    """Each row of each cached stream becomes 0 with probability p, so that no moment is relied on alone.

    rate: p.
    """

    varies = True

    def __init__(self, rate: float = 0.1) -> None:
        if not 0 <= rate < 1:
            raise ConfigError(f"RowDropout: rate must be at least 0 and below 1, not {rate}")
        self.rate = rate

    def __call__(self, sample: Sample, dataset: Dataset, rng: np.random.Generator) -> Sample:
        """The sample with fewer rows that say something."""
        streams = {
            name: np.where(rng.random((len(values), 1)) < self.rate, values.dtype.type(0), values)
            for name, values in sample.streams.items()
        }
        return replace(sample, streams=streams)
