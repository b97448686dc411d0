"""Rows of one clip and of a batch, as encoders take and give them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from vidcap_core.contracts.dataset import Dataset


def rows_by_clip(dataset: Dataset, stream: str) -> Iterator[tuple[str, np.ndarray]]:
    """Id and rows [T, D] of a cached stream of each clip that has it, however many samples a clip is."""
    seen = set()
    for index in range(len(dataset)):
        sample = dataset.get(index, np.random.default_rng([0, index]))
        if sample.clip.id not in seen and len(sample.streams.get(stream, ())):
            seen.add(sample.clip.id)
            yield sample.clip.id, sample.streams[stream]


def encode_alone(encoder: nn.Module, values: np.ndarray) -> Tensor:
    """The real rows [T, dim] of one clip, alone in its batch: what it becomes does not depend on its neighbours."""
    given = torch.from_numpy(np.ascontiguousarray(values)).to(device_of(encoder))[None]
    made = encoder(given, torch.ones(given.shape[:2], dtype=torch.bool, device=given.device))
    return made.values[0][made.mask[0]]  # type: ignore[no-any-return]


def device_of(encoder: nn.Module) -> torch.device:
    """Where the weights are; an encoder may have none."""
    weight = next(encoder.parameters(), None)
    return weight.device if weight is not None else torch.device("cpu")


def row_mask(mask: Tensor | None, rows: Tensor) -> Tensor:
    """The mask [B, T] of a batch; all rows are real where none was given."""
    return (
        mask.bool() if mask is not None else torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
    )
