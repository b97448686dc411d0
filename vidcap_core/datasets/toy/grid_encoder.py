"""The toy dataset's cached streams, computed from a raw video: so that a toy captioner can caption a file."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.datasets.toy import streams
from vidcap_core.datasets.toy.picture import FPS, SIDE

AT_ONCE = 2048
"""Pictures that are looked at together: as numbers they take many times their bytes."""


class ToyGrid(Encoder):
    """Colours and gradients, or changes, on a coarse grid.

    stream: "image" or "motion"
    """

    reads = "frames"
    short_side = SIDE

    def __init__(self, stream: Literal["image", "motion"] = "image") -> None:
        super().__init__()
        self.stream = stream
        self.dim = streams.WIDTHS[stream]
        self.sampling = {"kind": "fps", "rate": FPS}

    def forward(self, frames: Tensor, mask: Tensor) -> Stream:
        """uint8 [B, T, H, W, 3] and mask [B, T] to rows, two frames a row."""
        rows = [self._rows(clip[real]) for clip, real in zip(frames, mask, strict=True)]
        values = pad_sequence(rows, batch_first=True).to(frames.device)
        lengths = torch.tensor([len(row) for row in rows], device=frames.device)
        return Stream(values, torch.arange(values.shape[1], device=frames.device) < lengths[:, None])

    def _rows(self, frames: Tensor) -> Tensor:
        compute = {"image": streams.image, "motion": streams.motion}[self.stream]
        # sums depend in their last bit on how pictures lie in memory: colour by colour, as the decoder leaves them
        several = frames if len(frames) > 1 else frames.repeat(2, 1, 1, 1)  # a picture stands still
        rows = []
        for start in range(0, len(several), AT_ONCE):
            before = min(start, streams.STEP)  # what a row's motion is compared with
            piece = _small(several[start - before : start + AT_ONCE])
            pictures = piece.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
            rows.append(compute(pictures.cpu().numpy())[before // streams.STEP :])
        return torch.from_numpy(streams.cached(np.concatenate(rows)))

    def describe(self) -> dict[str, Any]:
        """Which of the streams."""
        return {"stream": self.stream, "grid": streams.GRID}


def _small(frames: Tensor) -> Tensor:
    """Frames at the toy videos' own size."""
    if frames.shape[1:3] == (SIDE, SIDE):
        return frames
    pictures = frames.permute(0, 3, 1, 2).float()
    small = functional.interpolate(
        pictures, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
    )
    return small.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
