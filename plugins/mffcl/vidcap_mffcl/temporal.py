"""A clip vector from cached frame features, by a Transformer that trains: for machines without a video Transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidcap_core.api import Stream


class TemporalEncoder(nn.Module):
    """Frames with sinusoidal times behind a learnt CLS, through a pre-norm Transformer; row 0 stands for the clip."""

    rates: Tensor

    def __init__(self, given: int, width: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(given, width), nn.LayerNorm(width))
        self.cls = nn.Parameter(torch.randn(width) * 0.02)
        rates = torch.exp(torch.linspace(0, -9.0, width // 2))
        self.register_buffer("rates", rates, persistent=False)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, frames: Stream) -> Stream:
        """[B, T, given] to [B, 1 + T, width]."""
        positions = torch.arange(frames.values.shape[1], device=frames.values.device)
        angles = positions[:, None] * self.rates
        x = self.project(frames.values) + torch.cat([angles.sin(), angles.cos()], -1)
        x = torch.cat([self.cls.expand(len(x), 1, -1), x], 1)
        mask = torch.cat([frames.mask.new_ones((len(x), 1)), frames.mask], 1)
        return Stream(self.layers(x, src_key_padding_mask=~mask), mask)
