"""From what an encoder says of a clip to the visual prompt."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from vidcap_core.api import Stream


class Expansion(nn.Module):
    """One vector to a sequence: p_1 .. p_L = reshape(W_2 gelu(W_1 v)), L x width (the paper's Eq. 1)."""

    def __init__(self, given: int, length: int, width: int) -> None:
        super().__init__()
        self.length, self.width = length, width
        self.feed = nn.Sequential(nn.Linear(given, width), nn.GELU(), nn.Linear(width, length * width))

    def forward(self, clips: Tensor) -> Stream:
        """[B, given] to [B, length, width]."""
        values: Tensor = self.feed(clips).view(-1, self.length, self.width)
        return Stream(values, values.new_ones(values.shape[:2], dtype=torch.bool))


class QueryMapper(nn.Module):
    """A Transformer over [p_1 .. p_L, q_1 .. q_tau]; what becomes of the learnt queries q is the prompt."""

    def __init__(self, prompt: int, width: int, heads: int, feed: int, layers: int, dropout: float) -> None:
        super().__init__()
        # as large as what the layers add to them: small ones leave all positions of the prompt alike
        self.queries = nn.Parameter(torch.randn(prompt, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, feed, dropout, "gelu", batch_first=True, norm_first=True
        )
        # the nested-tensor path shortens padded tails, and queries stand behind them
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, sequence: Stream) -> Stream:
        """[B, L, width] to [B, tau, width]."""
        rows, length = sequence.mask.shape
        asked = self.queries.expand(rows, -1, -1)
        real = torch.cat([sequence.mask, sequence.mask.new_ones(asked.shape[:2])], 1)
        mixed = self.layers(torch.cat([sequence.values, asked], 1), src_key_padding_mask=~real)
        return Stream(mixed[:, length:], real[:, length:])


class FeedForwardMapper(nn.Module):
    """The ablation: no queries; each row goes through W_2 gelu(W_1 x), and the sequence itself is the prompt."""

    def __init__(self, width: int, feed: int, dropout: float) -> None:
        super().__init__()
        self.feed = nn.Sequential(
            nn.Linear(width, feed),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(feed, width),
            nn.LayerNorm(width),
        )

    def forward(self, sequence: Stream) -> Stream:
        """[B, L, width] to the same shape."""
        return Stream(self.feed(sequence.values), sequence.mask)


class Mapper(nn.Module):
    """Clip rows, of which the first is the clip's vector, to the prompt."""

    def __init__(
        self,
        given: int,
        reads: Literal["cls", "patches"],
        kind: Literal["transformer", "ffn"],
        sequence: int,
        prompt: int,
        width: int,
        heads: int,
        feed: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.reads = reads
        length = prompt if kind == "ffn" else sequence  # without queries the sequence is the prompt
        self.enter: nn.Module = (
            nn.Linear(given, width) if reads == "patches" else Expansion(given, length, width)
        )
        self.mix: nn.Module = (
            FeedForwardMapper(width, feed, dropout)
            if kind == "ffn"
            else QueryMapper(prompt, width, heads, feed, layers, dropout)
        )

    def forward(self, rows: Stream) -> Stream:
        """[B, 1 + patches, given] to [B, prompt, width]."""
        if self.reads == "cls":
            sequence = self.enter(rows.values[:, 0])
        else:
            sequence = Stream(self.enter(rows.values[:, 1:]), rows.mask[:, 1:])
        prompt: Stream = self.mix(sequence)
        return prompt
