"""Frames as the network sees them: so many of each clip, resized, cropped and normalised."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def chosen_frames(frames: Tensor, mask: Tensor, count: int) -> Tensor:
    """`count` frames of each clip, evenly from its first real one to its last: [B, T, ...] to [B, count, ...]."""
    real = mask.long().sum(1).clamp_min(1)[:, None]
    steps = torch.arange(count, device=frames.device)
    index = steps * (real - 1) // max(1, count - 1)
    return frames[torch.arange(len(frames), device=frames.device)[:, None], index]


def pixels(frames: Tensor, size: int) -> Tensor:
    """uint8 [N, H, W, 3] to float [N, 3, size, size]: short side to `size`, the middle square, normalised."""
    x = frames.movedim(-1, 1).float()
    height, width = x.shape[-2:]
    if min(height, width) != size:
        short = min(height, width)
        across, down = size * width // short, size * height // short
        for target in ((height, across), (down, across)):  # as PIL does: bytes across, then bytes down
            x = functional.interpolate(x, target, mode="bilinear", align_corners=False, antialias=True)
            x = x.round().clamp(0, 255)
    top, left = (round((side - size) / 2) for side in x.shape[-2:])
    x = x[..., top : top + size, left : left + size] / 255
    mean, std = (x.new_tensor(values)[:, None, None] for values in (MEAN, STD))
    normal: Tensor = (x - mean) / std
    return normal
