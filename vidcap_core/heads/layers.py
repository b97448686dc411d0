"""What heads share: attention with cached keys and values, masks, positions, prompts, rows of beams."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from vidcap_core.contracts.types import View

Pair = tuple[Tensor, Tensor]
"""Keys and values, each [rows, heads, positions, width / heads]."""


class Attention(nn.Module):
    """softmax(q k^T / sqrt(d)) v over several heads, with keys and values made apart from the queries."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def pair(self, values: Tensor) -> Pair:
        """Keys and values of [rows, positions, width]."""
        keys, values = self.key_value(values).chunk(2, -1)
        return self._split(keys), self._split(values)

    def forward(self, queries: Tensor, pair: Pair, mask: Tensor) -> Tensor:
        """Attend from [rows, positions, width]; mask is True where attention may go."""
        dropout = self.dropout if self.training else 0.0
        mixed = scaled_dot_product_attention(
            self._split(self.query(queries)), *pair, attn_mask=mask, dropout_p=dropout
        )
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out

    def _split(self, values: Tensor) -> Tensor:
        return values.view(*values.shape[:2], self.heads, -1).transpose(1, 2)


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """sin(p / 10000^(2i / width)) and cos, side by side: [..., width]."""
    rates = torch.exp(torch.arange(0, width, 2, device=positions.device) * (-math.log(10000.0) / width))
    angles = positions[..., None].float() * rates
    return torch.cat([angles.sin(), angles.cos()], -1)


def causal_mask(real: Tensor, length: int) -> Tensor:
    """Which words the last `length` of some words may see: [R, 1, length, all], from real [R, all].

    Each sees the real ones before it and itself: also when it is padding, so that no row is empty.
    """
    past = real.shape[1] - length
    before = torch.ones((length, past + length), dtype=torch.bool, device=real.device).tril(past)
    itself = torch.eye(length, dtype=torch.bool, device=real.device)
    itself = torch.cat([itself.new_zeros((length, past)), itself], 1)
    return ((before & real[:, None]) | itself)[:, None]


def positions(real: Tensor) -> Tensor:
    """The number of each real item among the real ones of its row, from 0; padding has its neighbour's."""
    return (real.cumsum(1) - 1).clamp_min(0)


def prompt_history(view: View) -> tuple[Tensor, Tensor] | None:
    """What `start` consumes of a prompt: all ids but the last [R, P - 1], and which of them are real."""
    if view.prompt is None or view.prompt.shape[1] < 2:
        return None
    ids = view.prompt[:, :-1]
    real = torch.ones_like(ids) if view.prompt_mask is None else view.prompt_mask[:, :-1]
    return ids, real.bool()


def padded_ids(rows: Sequence[Sequence[int]], pad_id: int, least: int = 1) -> tuple[Tensor, Tensor]:
    """Rows of ids side by side, padded on the right [R, L], and which of them are real; L is at least `least`."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
    ids = torch.full((len(rows), max([least, *map(len, rows)])), pad_id, dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row, dtype=torch.long)
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def by_clip(rows: Tensor, memory_rows: int) -> Tensor:
    """[R, ...] seen as [B, K, ...], so that beams attend to one shared row of memory."""
    return rows.view(memory_rows, -1, *rows.shape[1:])
