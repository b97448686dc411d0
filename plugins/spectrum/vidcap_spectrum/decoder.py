"""The decoder: Transformer blocks that attend to words, to the video and to attributes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vidcap_core.heads.layers import Attention, Pair
from vidcap_spectrum.feature_encoders import EPS

CrossAttention = Literal["hybrid", "cross_then_attr", "parallel"]


class Look(nn.Module):
    """Attention to a fixed number of slots: softmax(q k^T / sqrt(d) + beta) v, with beta of each head and slot."""

    def __init__(self, width: int, heads: int, dropout: float, slots: int, bias: bool) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.bias = nn.Parameter(torch.zeros(heads, slots)) if bias else None
        self.heads, self.slots = heads, slots

    def pair(self, rows: Tensor) -> Pair:
        """Keys and values of [B, slots, width]."""
        return self.attention.pair(rows)

    def forward(self, x: Tensor, pair: Pair) -> Tensor:
        """x [R, L, width]; the rows of x that belong to one clip attend to its one row of slots."""
        clips = len(pair[0])
        bias = x.new_zeros(1, 1, 1, self.slots) if self.bias is None else self.bias[None, :, None].to(x.dtype)
        out: Tensor = self.attention(x.reshape(clips, -1, x.shape[-1]), pair, bias)
        return out.view_as(x)


class Block(nn.Module):
    """Self-attention, attention to what was seen, feed-forward; each with a residual.

    Pre-norm: x + f(LN(x)). Post-norm: LN(x + f(x)). looks: one memory ("hybrid"), or two that are read one after
    the other ("cross_then_attr") or side by side ("parallel").
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feed: int,
        slots: list[int],
        mode: CrossAttention,
        bias: bool,
        pre_norm: bool,
        dropout: float,
        attention_dropout: float,
    ) -> None:
        super().__init__()
        self.mode, self.pre_norm = mode, pre_norm
        self.words = Attention(width, heads, attention_dropout)
        self.looks = nn.ModuleList(Look(width, heads, attention_dropout, count, bias) for count in slots)
        self.feed = nn.Sequential(nn.Linear(width, feed), nn.ReLU(), nn.Linear(feed, width))
        one_by_one = len(slots) if mode == "cross_then_attr" else 1
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=EPS) for _ in range(2 + one_by_one))
        self.dropout = nn.Dropout(dropout)

    def pairs(self, memories: list[Tensor]) -> tuple[Pair, ...]:
        """Keys and values of all memories, made once a clip."""
        looks: list[Any] = list(self.looks)
        return tuple([look.pair(rows) for look, rows in zip(looks, memories, strict=True)])

    def forward(
        self, x: Tensor, past: Pair | None, mask: Tensor, seen: tuple[Pair, ...]
    ) -> tuple[Tensor, Pair]:
        """x [R, L, width] after `past` words; mask is True where a word may look."""
        norms = iter(self.norms)
        cached: list[Pair] = []

        def to_words(value: Tensor) -> Tensor:
            pair = self.words.pair(value)
            if past is not None:
                pair = torch.cat([past[0], pair[0]], 2), torch.cat([past[1], pair[1]], 2)
            cached.append(pair)
            out: Tensor = self.words(value, pair, mask)
            return out

        x = self._residual(x, next(norms), to_words)
        looks = [partial(look, pair=pair) for look, pair in zip(self.looks, seen, strict=True)]
        if self.mode == "cross_then_attr":
            for look in looks:
                x = self._residual(x, next(norms), look)
        else:
            x = self._residual(
                x, next(norms), lambda value: torch.stack([look(value) for look in looks]).sum(0)
            )
        return self._residual(x, next(norms), self.feed), cached[0]

    def _residual(self, x: Tensor, norm: nn.Module, layer: Callable[[Tensor], Tensor]) -> Tensor:
        out: Tensor = x + self.dropout(layer(norm(x) if self.pre_norm else x))
        return out if self.pre_norm else norm(out)
