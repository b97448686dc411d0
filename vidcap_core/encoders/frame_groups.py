"""Frames of a video in groups of k, for networks that look at clips."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidcap_core.video.sampling import wished


def clip_sampling(clips: int | None, frames: int, rate: float | None, stride: int | None) -> dict[str, Any]:
    """Which frames make the clips of a video: all along it, one every `stride` frames, or `clips` spread evenly."""
    if stride is None:
        return wished({"kind": "clips", "clips": clips, "count": frames, "rate": rate})
    options = {"size": frames, "stride": stride, "rate": rate, "most": clips}
    return wished({"kind": "windows", **{key: value for key, value in options.items() if value is not None}})


def group_frames(frames: Tensor, mask: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """[B, T, H, W, 3] -> [B, T / size, size, H, W, 3] and which groups hold a real frame.

    Where frames are missing at the end of a video, its last real one stands in.
    """
    missing = -frames.shape[1] % size
    index = torch.arange(frames.shape[1] + missing, device=frames.device)
    last = (mask.long().sum(1) - 1).clamp(min=0)
    shown = torch.minimum(index[None], last[:, None])
    real = (index[None] <= last[:, None]) & mask.any(1)[:, None]
    rows = torch.arange(len(frames), device=frames.device)[:, None]
    grouped = frames[rows, shown].reshape(len(frames), -1, size, *frames.shape[2:])
    return grouped, real.reshape(len(frames), -1, size).any(-1)
