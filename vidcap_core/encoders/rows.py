"""Rows of one clip and of a batch, as encoders take and give them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream, to_device
from vidcap_core.errors import in_a_line


def rows_by_clip(dataset: Dataset, stream: str) -> Iterator[tuple[str, np.ndarray]]:
    """Id and rows [T, D] of a cached stream of each clip that has it, however many samples a clip is."""
    seen = set()
    for index in range(len(dataset)):
        sample = dataset.get(index, np.random.default_rng([0, index]))
        if sample.clip.id not in seen and len(sample.streams.get(stream, ())):
            seen.add(sample.clip.id)
            yield sample.clip.id, sample.streams[stream]


def encode(
    encoder: Encoder, inputs: tuple[Any, ...], times: Stream | None = None, panels: bool = False
) -> Stream:
    """The stream that an encoder makes of what its `forward` gets, with the times of its rows.

    times: the frames that were given, where their times are known. panels: also where the encoder looked.
    """
    made: Stream = encoder(*inputs)
    if made.times is None and times is not None and times.times is not None:
        made = replace(made, times=times_of_rows(made.mask, times.times, times.mask))
    if panels and made.attention is None:
        try:
            with torch.no_grad():
                made = replace(made, attention=encoder.attention(*inputs))
        except Exception as error:  # what can be shown must never cost what can be said
            warnings.warn(f"{type(encoder).__name__}.attention: {in_a_line(error)}; not shown", stacklevel=2)
    return made


def times_of_rows(rows: Tensor, times: Tensor, frames: Tensor) -> Tensor | None:
    """When the real rows [B, R] of clips are, whose frames [B, T] have these times; None for more rows than frames.

    Each row stands for an equal share of its clip's frames, and is at the middle of them.
    """
    if rows.shape[1] > times.shape[1]:
        return None
    ahead = times.gather(1, (~frames).long().argsort(dim=1, stable=True))  # real frames first
    row, count = rows.cumsum(1) - 1, rows.sum(1, keepdim=True).clamp_min(1)
    seen = frames.sum(1, keepdim=True).clamp_min(1)
    middle = ((row + 0.5) * seen / count - 0.5).clamp_min(0).minimum(seen - 1)
    before, after = middle.floor().long(), middle.ceil().long()
    return torch.lerp(ahead.gather(1, before), ahead.gather(1, after), middle - before).masked_fill(~rows, 0)


def encode_alone(
    encoder: Encoder, values: np.ndarray, times: np.ndarray | None = None, panels: bool = False
) -> Stream:
    """The real rows [T, dim] of one clip, alone in its batch: what it becomes does not depend on its neighbours."""
    device = device_of(encoder)
    given = torch.from_numpy(np.ascontiguousarray(values)).to(device)[None]
    mask = torch.ones(given.shape[:2], dtype=torch.bool, device=device)
    when = None if times is None else torch.from_numpy(np.asarray(times, np.float32)).to(device)[None]
    inputs: tuple[Any, ...] = (given, mask)
    if encoder.prepares:
        prepared = encoder.prepare(values, np.arange(len(values)) if times is None else times) or {}
        inputs = (to_device(encoder.collate([prepared]), device),)
    made = encode(encoder, inputs, None if when is None else Stream(given, mask, when), panels)
    real = made.mask[0]
    return Stream(
        made.values[0][real],
        real[real],
        None if made.times is None else made.times[0][real],
        None if made.attention is None else made.attention[0],
    )


def device_of(encoder: nn.Module) -> torch.device:
    """Where the weights are; an encoder may have none."""
    weight = next(encoder.parameters(), None)
    return weight.device if weight is not None else torch.device("cpu")


def row_mask(mask: Tensor | None, rows: Tensor) -> Tensor:
    """The mask [B, T] of a batch; all rows are real where none was given."""
    return (
        mask.bool() if mask is not None else torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
    )
