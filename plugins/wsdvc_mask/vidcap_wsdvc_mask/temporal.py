"""Frames to the video prefix, the whole clip or what a mask leaves of it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidcap_core.api import ConfigError

Masking = Literal["scale", "attention", "both"]


def gelu(x: Tensor) -> Tensor:
    """GELU under a name that torch's fast path for inference does not know: there log M becomes not-a-number."""
    return functional.gelu(x)


def rounded(rows: Tensor, half: bool) -> Tensor:
    """As in half precision, and in their own type again."""
    return rows.half().to(rows.dtype) if half else rows


class TemporalEncoder(nn.Module):
    """x = M v + (1 - M) blank + P; pre-norm Transformer layers; LayerNorm, Linear without a bias.

    masking "scale" does that; "attention" adds log M to the keys of every layer and weighs the rows that come
    out by M; "both" does both. `blank` is 0 or learnt; `kernel` > 0 puts a convolution over time in front; `half`
    rounds what positions are added to.
    """

    def __init__(
        self,
        *,
        width: int,
        out: int,
        frames: int,
        heads: int,
        feed: int,
        layers: int,
        dropout: float,
        position_std: float,
        masking: Masking,
        blank: bool,
        kernel: int,
        half: bool,
    ) -> None:
        super().__init__()
        if kernel and kernel % 2 == 0:
            raise ConfigError(f"head.kernel={kernel} must be odd, or 0", hint=f"head.kernel={kernel + 1}")
        self.masking, self.rounds = masking, half
        self.positions = nn.Parameter(position_std * torch.randn(frames, width))
        self.blank = nn.Parameter(torch.randn(width)) if blank else None
        self.over_time = nn.Conv1d(width, width, kernel, padding=kernel // 2) if kernel else None
        layer = nn.TransformerEncoderLayer(
            width, heads, feed, dropout, gelu, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, out, bias=False))
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Tensor:
        """[R, T, width] and M [R, T] (None: all ones) to [R, T, out]."""
        weights = torch.ones_like(frames[..., 0]) if mask is None else mask.to(frames.dtype)
        scaled = self._scaled(frames, weights[..., None]) if self.masking != "attention" else frames
        if self.over_time is not None:
            scaled = self.over_time(scaled.transpose(1, 2)).transpose(1, 2)
        x = self.dropout(rounded(scaled, self.rounds) + self.positions)
        if self.masking == "scale":
            return self.out(self.layers(x))  # type: ignore[no-any-return]
        bias = weights.clamp_min(torch.finfo(weights.dtype).tiny).log()
        return self.out(self.layers(x, src_key_padding_mask=bias)) * weights[..., None]  # type: ignore[no-any-return]

    def _scaled(self, frames: Tensor, weights: Tensor) -> Tensor:
        scaled = frames * weights
        return scaled if self.blank is None else scaled + (1 - weights) * self.blank
