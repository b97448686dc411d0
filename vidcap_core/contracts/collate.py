"""What was prepared of single clips, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def side_by_side(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By name: arrays and tensors of one shape, and numbers, become a tensor [B, ...]; all else a list by clip."""
    return {name: _joined([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def _joined(values: list[Any]) -> Any:
    if all(isinstance(value, (bool, int, float, np.number)) for value in values):
        return torch.as_tensor(np.asarray(values))
    tensors = [torch.from_numpy(value) if isinstance(value, np.ndarray) else value for value in values]
    if all(isinstance(value, Tensor) and value.shape == tensors[0].shape for value in tensors):
        return torch.stack(tensors)
    return tensors
