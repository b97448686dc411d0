"""Arrays of different lengths side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from vidcap_core.contracts.types import Stream


def pad_streams(rows: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Stream]:
    """Arrays of any length by name, one row a clip; a clip that lacks one gets masked rows of zeros."""
    batched: dict[str, Stream] = {}
    for name in dict.fromkeys(key for row in rows for key in row):
        arrays = [row.get(name) for row in rows]
        known = next(a for a in arrays if a is not None)
        length = max(1, max(len(a) for a in arrays if a is not None))
        kind = np.uint8 if known.dtype == np.uint8 else np.float32
        values = np.zeros((len(rows), length, *known.shape[1:]), dtype=kind)
        mask = np.zeros((len(rows), length), dtype=bool)
        for index, array in enumerate(arrays):
            if array is not None:
                values[index, : len(array)] = array
                mask[index, : len(array)] = True
        batched[name] = Stream(torch.from_numpy(values), torch.from_numpy(mask))
    return batched
