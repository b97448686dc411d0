"""An encoder of frames that is small, trains, and behaves otherwise in training than when it is frozen."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.rows import row_mask


class Pixels(Encoder):
    """Colours of each frame's quarters, through a layer with dropout."""

    reads = "frames"
    dim = 8
    short_side = 24
    crop = "center"

    def __init__(self) -> None:
        super().__init__()
        self.sampling: dict[str, Any] = {"kind": "uniform", "count": 4}
        self.network = nn.Sequential(nn.Linear(12, 8), nn.Dropout(0.5), nn.Tanh())

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] to [B, T, 8]."""
        pictures = x.flatten(0, 1).permute(0, 3, 1, 2).float() / 255
        colours = nn.functional.adaptive_avg_pool2d(pictures, 2).reshape(*x.shape[:2], 12)
        return Stream(torch.as_tensor(self.network(colours)), row_mask(mask, x))

    def describe(self) -> dict[str, Any]:
        """Nothing to tell it from others."""
        return {}
