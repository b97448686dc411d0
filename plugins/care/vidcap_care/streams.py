"""From a stream of features to states: a projection with LayerNorm, or a gated one with BatchNorm."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidcap_core.api import Stream, UserError


class Projection(nn.Module):
    """s = LN(W x): CARE's embedder of one stream."""

    def __init__(self, size: int, width: int, eps: float) -> None:
        super().__init__()
        self.linear = nn.Linear(size, width)
        self.norm = nn.LayerNorm(width, eps)

    def forward(self, values: Tensor, real: Tensor) -> Tensor:
        """States [B, T, W] of rows [B, T, D]."""
        states: Tensor = self.norm(self.linear(values))
        return states


class GatedProjection(nn.Module):
    """x' = W x; h = g x' + (1 - g) tanh(U x') with g = sigmoid(V x'); s = BN(h), over real rows only."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, width)
        self.change = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, values: Tensor, real: Tensor) -> Tensor:
        """States [B, T, W] of rows [B, T, D], of which some are real."""
        x = self.linear(values)
        gate = self.gate(x).sigmoid()
        mixed: Tensor = gate * x + (1 - gate) * self.change(x).tanh()
        if not self.training:
            evened: Tensor = self.norm(mixed.flatten(0, 1)).view_as(mixed)
            return evened
        rows = mixed[real]
        if len(rows) < 2:  # one row has no variance
            return mixed
        states = torch.zeros_like(mixed)
        states[real] = self.norm(rows).to(states.dtype)
        return states


def mean_state(values: Tensor, real: Tensor) -> Tensor:
    """Mean over real rows; zeros for a clip that has none."""
    total = torch.where(real[..., None], values, 0).sum(1)
    return total / real.sum(1, keepdim=True).clamp_min(1)


def fitted(stream: Stream, name: str, rows: int | None) -> tuple[Tensor, Tensor]:
    """Values with zeros where they are not real, and which are; of exactly `rows` rows where that is a number."""
    values, real = stream.values, stream.mask.bool()
    length = values.shape[1]
    if rows is not None and length > rows:
        if bool(real[:, rows:].any()):
            raise UserError(
                f"the stream '{name}' has {int(real.sum(1).max())} rows, and this head's attention bias is made for "
                f"at most {rows}",
                hint=f"data.*.sample=dict(kind='uniform', count={rows})",
            )
        values, real = values[:, :rows], real[:, :rows]
    elif rows is not None and length < rows:
        values = torch.nn.functional.pad(values, (0, 0, 0, rows - length))
        real = torch.nn.functional.pad(real, (0, rows - length))
    return torch.where(real[..., None], values, 0), real
