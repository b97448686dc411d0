"""Layers of encoder and decoder: rows of a pyramid look at each other, and queries at them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidcap_pdvc.deformable import DeformableAttention, Places, Pyramid


class Feed(nn.Module):
    """norm(x + W2 relu(W1 x))."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] to the same shape."""
        added = self.outer(self.dropout(self.inner(x).relu()))
        return self.norm(x + self.dropout(added))  # type: ignore[no-any-return]


class EncoderLayer(nn.Module):
    """Each row of a pyramid looks at places around it, on all levels."""

    def __init__(self, width: int, heads: int, feed: int, levels: int, points: int, dropout: float) -> None:
        super().__init__()
        self.attention = DeformableAttention(width, heads, levels, points)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.feed = Feed(width, feed, dropout)

    def forward(self, pyramid: Pyramid, positions: Tensor, places: Places) -> Pyramid:
        """The same pyramid with other values."""
        x = pyramid.values
        x = self.norm(x + self.dropout(self.attention(x + positions, places, pyramid)))
        return Pyramid(self.feed(x), pyramid.real, pyramid.lengths, pyramid.shares)


class DecoderLayer(nn.Module):
    """Queries look at each other, then at places around where each of them is."""

    def __init__(self, width: int, heads: int, feed: int, levels: int, points: int, dropout: float) -> None:
        super().__init__()
        self.between = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.between_norm = nn.LayerNorm(width)
        self.attention = DeformableAttention(width, heads, levels, points)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.feed = Feed(width, feed, dropout)

    def forward(self, x: Tensor, positions: Tensor, places: Places, memory: Pyramid) -> Tensor:
        """Queries [B, Q, D] to the same shape."""
        asks = x + positions
        x = self.between_norm(x + self.dropout(self.between(asks, asks, x, need_weights=False)[0]))
        x = self.norm(x + self.dropout(self.attention(x + positions, places, memory)))
        return self.feed(x)  # type: ignore[no-any-return]


def own_places(pyramid: Pyramid, points: int) -> Places:
    """Where the rows of a pyramid are themselves."""
    centres = [
        (torch.arange(length, device=pyramid.shares.device) + 0.5) / (length * pyramid.shares[:, level, None])
        for level, length in enumerate(pyramid.lengths)
    ]
    return Places.of(torch.cat(centres, 1)[..., None], pyramid, points)
