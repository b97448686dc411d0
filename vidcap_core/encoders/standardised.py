"""A stream with mean 0 and deviation 1 in every dimension, by the training clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.encoder import DerivedEncoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.rows import rows_by_clip
from vidcap_core.errors import DataError, UserError

LEAST = 1e-3  # a dimension that never changes stays 0, and is not blown up


class Standardised(DerivedEncoder):
    """x' = (x - mean) / deviation, over all rows of the training clips.

    What all clips share (in the logits of a motion network it is most of every row) leaves little room for what
    tells them apart.

    stream: the stream that is standardised.
    """

    def __init__(self, *, stream: str) -> None:
        super().__init__()
        self.stream, self.sampling, self.dim = stream, {}, 0
        self.sources = (stream,)
        self._mean: Tensor | None = None
        self._deviation: Tensor | None = None

    def fit(self, dataset: Dataset) -> None:
        """Mean and deviation of a training set."""
        count, total, squares = 0, np.zeros(1), np.zeros(1)
        for _, rows in rows_by_clip(dataset, self.stream):
            rows = rows.astype(np.float64)
            count, total, squares = count + len(rows), total + rows.sum(0), squares + (rows**2).sum(0)
        if not count:
            raise DataError(
                f"no training clip has the stream '{self.stream}', so it cannot be standardised",
                hint=f"data.train.streams=['{self.stream}', ...]",
            )
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, LEAST**2))
        self.load_assets({"mean": torch.from_numpy(mean), "deviation": torch.from_numpy(deviation)})

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        """The rows of one clip; none where it lacks the stream."""
        mean, deviation = self.assets().values()
        given = streams.get(self.stream)
        if given is None:
            return Stream(torch.zeros(0, self.dim), torch.zeros(0, dtype=torch.bool))
        values = given.values.float()
        if values.shape[-1] != self.dim:
            raise UserError(
                f"the stream '{self.stream}' has width {values.shape[-1]}, it was standardised at {self.dim}",
                hint="the stream that training read",
            )
        return Stream((values - mean.to(values.device)) / deviation.to(values.device), given.mask)

    def assets(self) -> dict[str, Any]:
        """Mean and deviation [D]."""
        if self._mean is None or self._deviation is None:
            raise self._knows_nothing()
        return {"mean": self._mean, "deviation": self._deviation}

    def load_assets(self, assets: Mapping[str, Any]) -> None:
        """Take them over."""
        if not {"mean", "deviation"} <= set(assets):
            raise self._knows_nothing()
        self._mean, self._deviation = (torch.as_tensor(assets[key]).float() for key in ("mean", "deviation"))
        self.dim = len(self._mean)

    def describe(self) -> dict[str, Any]:
        """Of what."""
        return {"stream": self.stream}

    def _knows_nothing(self) -> UserError:
        return UserError(
            f"Standardised(stream='{self.stream}') has seen no training clip",
            hint="a run folder, or a bundle that was exported from one: both bring what was learnt",
        )
