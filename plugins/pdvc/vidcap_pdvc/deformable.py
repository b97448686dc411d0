"""Attention to a few places of a sequence at several resolutions; each query says which places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Outside = Literal["zeros", "edge"]
"""What lies before the first and after the last row: nothing, or more of the row at that end."""


@dataclass(frozen=True)
class Pyramid:
    """Rows of a clip at several resolutions, one level after the other.

    values: [B, S, D]; real: [B, S], True where a row is no padding; lengths: rows of each level;
    shares: [B, levels], the part of each level that is real.
    """

    values: Tensor
    real: Tensor
    lengths: tuple[int, ...]
    shares: Tensor


@dataclass(frozen=True)
class Places:
    """Where queries are, [B, Q, levels] in shares of a level, and how far an offset of 1 goes from there."""

    centre: Tensor
    reach: Tensor

    @classmethod
    def of(cls, reference: Tensor, pyramid: Pyramid, points: int) -> Places:
        """Of references [B, Q, 1] (a centre; an offset is a row) or [B, Q, 2] (an offset is half a length / points)."""
        shares = pyramid.shares[:, None]
        centre = reference[..., :1] * shares
        if reference.shape[-1] == 1:
            return cls(centre, rows_long(pyramid.lengths, centre).expand_as(centre))
        return cls(centre, reference[..., 1:] * shares * (0.5 / points))


class Offsets(nn.Linear):
    """Places p_j = c + o_j r, [B, Q, heads, levels, points], of what queries say."""

    def __init__(self, width: int, heads: int, levels: int, points: int) -> None:
        super().__init__(width, heads * levels * points)
        self.shape = (heads, levels, points)
        nn.init.zeros_(self.weight)
        way = torch.cos(torch.arange(heads) * (2 * math.pi / heads)).sign()  # heads look both ways at first
        near = way[:, None, None] * torch.arange(1, points + 1)
        with torch.no_grad():
            self.bias.copy_(near.expand(self.shape).flatten())

    def places(self, queries: Tensor, places: Places) -> Tensor:
        """Where each query looks, in shares of each level."""
        offsets = self(queries).unflatten(-1, self.shape)
        looked: Tensor = places.centre[:, :, None, :, None] + offsets * places.reach[:, :, None, :, None]
        return looked


class DeformableAttention(nn.Module):
    """out(sum_j a_j v(p_j)) over points p_j of all levels, with v(p) between two rows by straight lines."""

    def __init__(self, width: int, heads: int, levels: int, points: int, outside: Outside = "zeros") -> None:
        super().__init__()
        self.heads, self.points, self.outside = heads, points, outside
        self.offsets = Offsets(width, heads, levels, points)
        self.weights = nn.Linear(width, heads * levels * points)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, queries: Tensor, places: Places, pyramid: Pyramid) -> Tensor:
        """[B, Q, D] to the same shape."""
        value = self.value(pyramid.values).masked_fill(~pyramid.real[..., None], 0)
        value = value.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        index, share = between_rows(self.offsets.places(queries, places), pyramid.lengths, self.outside)
        weights = self.weights(queries).unflatten(-1, (self.heads, -1)).softmax(-1)
        share = share * weights.view(*share.shape[:-1], 1)
        # weights of all rows, most of them 0: one product of matrices in the place of many small sums
        every = share.new_zeros((*share.shape[:3], pyramid.values.shape[1]))
        every = every.scatter_add(-1, index.flatten(3), share.flatten(3))
        mixed = every.transpose(1, 2) @ value
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def rows_long(lengths: Sequence[int], like: Tensor) -> Tensor:
    """1 / rows of each level."""
    return torch.tensor([1 / length for length in lengths], dtype=like.dtype).to(
        like.device, non_blocking=True
    )


def between_rows(places: Tensor, lengths: Sequence[int], outside: Outside) -> tuple[Tensor, Tensor]:
    """The two rows around each place [..., levels, points], and their shares: both [..., levels, points, 2].

    Rows are counted over all levels; row k of a level of n lies at (k + 1/2) / n.
    """
    starts = [sum(lengths[:level]) for level in range(len(lengths))]
    sizes = torch.tensor([lengths, starts]).to(places.device, non_blocking=True)[..., None]
    rows, first = sizes[0], sizes[1]
    at = places * rows - 0.5
    if outside == "edge":
        at = torch.minimum(at.clamp_min(0), (rows - 1).to(at.dtype))
    low = at.detach().floor()
    share = torch.stack([low + 1 - at, at - low], -1)
    index = torch.stack([low, low + 1], -1).long()
    there = (index >= 0) & (index < rows[..., None])
    index = torch.minimum(index.clamp_min(0), rows[..., None] - 1) + first[..., None]
    return index, share * there
