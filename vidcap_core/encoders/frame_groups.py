"""Frames of a video in groups of k, for networks that look at clips."""

from __future__ import annotations

import torch
from torch import Tensor


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
