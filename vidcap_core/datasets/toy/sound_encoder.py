"""The toy dataset's cached stream `audio`, computed from a raw file's sound."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.datasets.toy import streams
from vidcap_core.datasets.toy.picture import FPS
from vidcap_core.datasets.toy.sound import RATE

BLOCK = 1024
"""Samples of a block of AAC: it writes one more than there are, and fills the last."""


class ToySound(Encoder):
    """Log energies of mel bands and the loudness, four rows a second."""

    reads = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.dim, self.sampling = streams.WIDTHS["audio"], {}

    def forward(self, x: Tensor, mask: Tensor) -> Stream:
        """Samples [B, N] at 16 kHz and mask [B, N] to [B, T, 33]; a row for each row of the pictures' streams."""
        rows = [self._rows(clip[real]) for clip, real in zip(x, mask.bool(), strict=True)]
        lengths = torch.tensor([len(row) for row in rows], device=x.device)
        values = pad_sequence(rows, batch_first=True).to(x.device)
        return Stream(values, torch.arange(values.shape[1], device=x.device) < lengths[:, None])

    def describe(self) -> dict[str, Any]:
        """How many bands."""
        return {"bands": streams.BANDS}

    def _rows(self, samples: Tensor) -> Tensor:
        pictures = max(0, len(samples) - BLOCK) * FPS // RATE
        rows = -(-pictures // streams.STEP)
        return torch.from_numpy(streams.cached(streams.audio(samples.cpu().numpy(), rows)))
