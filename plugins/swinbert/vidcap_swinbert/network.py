"""Video tokens and words through one BERT, the video once a clip: it never looks at the words."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from vidcap_core.api import Stream
from vidcap_swinbert.bert import BertLayer, Pair, WordLogits, Words, start_small
from vidcap_swinbert.video_mask import BLOCKED, VideoMask


class Memory(NamedTuple):
    """Keys and values of the video in each layer, and what is added to the score of tokens that are not real."""

    video: tuple[Pair, ...]
    hidden: Tensor


class Network(nn.Module):
    """fc and img_embedding of the authors make states of tokens, layers mix them, and words are read off at masks."""

    def __init__(
        self,
        *,
        dim: int,
        between: int,
        words: int,
        positions: int,
        width: int,
        heads: int,
        feed: int,
        layers: int,
        dropout: float,
        mask: VideoMask | None,
    ) -> None:
        super().__init__()
        self.project = nn.Linear(dim, between)
        self.embed = nn.Linear(between, width)
        self.words = Words(words, positions, width, dropout)
        self.layers = nn.ModuleList(BertLayer(width, heads, feed, dropout) for _ in range(layers))
        self.logits = WordLogits(width, words)
        self.dropout = nn.Dropout(dropout)
        for part in (self.words, self.layers, self.logits):
            start_small(part)
        self.mask = mask

    @property
    def stack(self) -> list[BertLayer]:
        """The layers."""
        return cast("list[BertLayer]", list(self.layers))

    def video(self, stream: Stream) -> Memory:
        """What words see of the video."""
        real = stream.mask.bool()
        values = torch.where(real[..., None], stream.values, 0)
        x = self.dropout(self.embed(self.project(values)))
        hidden = torch.where(real, 0.0, BLOCKED)[:, None, None]
        bias = hidden if self.mask is None else hidden + self.mask.bias()
        pairs = []
        for number, layer in enumerate(self.stack, 1):
            pairs.append(layer.pair(x))
            if number < len(self.layers):  # nobody reads what the last one would make of the video
                x = layer.video(x, pairs[-1], bias)
        return Memory(tuple(pairs), hidden)

    def text(
        self,
        tokens: Tensor,
        positions: Tensor,
        hidden: Tensor,
        memory: Memory,
        past: tuple[Pair, ...] | None = None,
    ) -> tuple[Tensor, tuple[Pair, ...]]:
        """States of tokens [R, L] after `past`, and keys and values of all; `hidden` is added to scores of text."""
        x = self.words(tokens, positions)
        pairs = []
        for index, layer in enumerate(self.stack):
            pair = layer.pair(x)
            if past is not None:
                pair = (torch.cat([past[index][0], pair[0]], 2), torch.cat([past[index][1], pair[1]], 2))
            pairs.append(pair)
            x = layer.text(x, pair, hidden, memory.video[index], memory.hidden)
        return x, tuple(pairs)


def causal(length: int, device: torch.device) -> Tensor:
    """What is added to scores [L, L] so that each position sees those before it and itself."""
    return torch.full((length, length), BLOCKED, device=device).triu(1)


def teacher(length: int, device: torch.device) -> Tensor:
    """The same for `length` words, and behind them a mask in the place of each but the first [2 L - 1, 2 L - 1].

    The mask in place of word p sees the words before p and itself; words see no mask.
    """
    row = torch.arange(2 * length - 1, device=device)
    place = torch.where(row < length, row, row - length + 1)
    is_word = row < length
    seen = is_word[None] & (
        (place[None] < place[:, None]) | ((place[None] == place[:, None]) & is_word[:, None])
    )
    return torch.where(seen | torch.eye(len(row), dtype=torch.bool, device=device), 0.0, BLOCKED)
