"""The feature encoders unit: each stream in a fixed number of slots, projected to one width."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vidcap_core.api import Stream

EPS = 1e-5
"""Of layer norms: a stream that is not there is zeros, and the gradient grows with 1 / sqrt(EPS)."""


class FeatureEncoders(nn.Module):
    """E_s = Dropout(LayerNorm(X_s W_s + b_s)), one projection a stream.

    A clip that lacks a stream has zeros in its place, which are attended to like any other row.
    """

    def __init__(
        self,
        streams: Mapping[str, int],
        slots: Mapping[str, int],
        ranked: frozenset[str],
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.slots, self.ranked = dict(slots), ranked
        self.project = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(size, width), nn.LayerNorm(width, eps=EPS), nn.Dropout(dropout))
                for name, size in streams.items()
            }
        )

    def forward(self, streams: Mapping[str, Stream]) -> dict[str, Tensor]:
        """Name -> [B, slots, width]."""
        return {name: layers(self.pick(name, streams[name])) for name, layers in self.project.items()}

    def pick(self, name: str, stream: Stream) -> Tensor:
        """The rows of a stream that fill its slots [B, slots, D]."""
        return (first_rows if name in self.ranked else spread_rows)(stream, self.slots[name])


def spread_rows(stream: Stream, count: int) -> Tensor:
    """The middle row of each of `count` equal parts of the real rows; zeros where there are none.

    b_j = floor(j T / count);  row_j = floor((b_j + b_j+1) / 2)
    """
    length = stream.mask.sum(1, keepdim=True)
    edges = torch.arange(count + 1, device=length.device) * length // count
    rows = ((edges[:, :-1] + edges[:, 1:]) // 2).minimum((length - 1).clamp_min(0))
    return _take(stream, rows, length > 0)


def first_rows(stream: Stream, count: int) -> Tensor:
    """The first `count` real rows; zeros behind them."""
    length = stream.mask.sum(1, keepdim=True)
    rows = torch.arange(count, device=length.device).expand(len(length), -1)
    return _take(stream, rows.minimum((length - 1).clamp_min(0)), rows < length)


def _take(stream: Stream, rows: Tensor, real: Tensor) -> Tensor:
    values, mask = stream.values, stream.mask
    if values.shape[1] == 0:
        return values.new_zeros(len(values), rows.shape[1], values.shape[2])
    order = (~mask).to(torch.int8).sort(dim=1, stable=True).indices  # real rows first, in their order
    indices = order.gather(1, rows)[..., None].expand(-1, -1, values.shape[2])
    return torch.where(real[..., None], values.gather(1, indices), 0)
