"""Arrays of different lengths side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from vidcap_core.contracts.types import Stream


def pad_streams(
    rows: Sequence[Mapping[str, np.ndarray]], times: Sequence[Mapping[str, np.ndarray]]
) -> dict[str, Stream]:
    """Arrays of any length by name, one row a clip; a clip that lacks one gets masked rows of zeros.

    A stream has times where they are known of every clip that has it.
    """
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
        batched[name] = Stream(
            torch.from_numpy(values), torch.from_numpy(mask), _times(name, arrays, times, mask)
        )
    return batched


def _times(
    name: str,
    arrays: Sequence[np.ndarray | None],
    times: Sequence[Mapping[str, np.ndarray]],
    mask: np.ndarray,
) -> torch.Tensor | None:
    """When the rows of a stream are, in seconds; None where a clip that has the stream does not say."""
    moments = np.zeros(mask.shape, dtype=np.float32)
    for index, (array, known) in enumerate(zip(arrays, times, strict=True)):
        if array is None:
            continue
        if name not in known:
            return None
        moments[index, : len(array)] = known[name]
    return torch.from_numpy(moments)
