"""The Transformer decoder of CARE and NACF: post-norm with ReLU, or without norms and with the tanh GELU."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = -1e7
"""Added to the score of a key that may not be seen; finite, so that a clip without any row gives no NaN."""
Pair = tuple[Tensor, Tensor]
"""Keys and values [rows, heads, positions, width / heads]."""


class Attention(nn.Module):
    """softmax(q k^T / sqrt(d) + bias) v, with a learned bias [heads, keys] where `keys` is a number."""

    def __init__(self, width: int, heads: int, dropout: float, keys: int | None = None) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.bias = None if keys is None else nn.Parameter(torch.zeros(heads, keys))

    def pair(self, states: Tensor) -> Pair:
        """Keys and values of [rows, positions, width]."""
        return self._split(self.key(states)), self._split(self.value(states))

    def forward(self, queries: Tensor, pair: Pair, hidden: Tensor) -> Tensor:
        """Attend from [rows, positions, width]; `hidden` is added to the scores."""
        if self.bias is not None:
            hidden = hidden + self.bias[None, :, None, : pair[0].shape[2]]
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(queries)),
            *pair,
            attn_mask=hidden.to(queries.dtype),
            dropout_p=self.dropout if self.training else 0.0,
        )
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out

    def _split(self, values: Tensor) -> Tensor:
        return values.view(*values.shape[:2], self.heads, -1).transpose(1, 2)


class Residual(nn.Module):
    """x + dropout(f), normed in CARE's layout."""

    def __init__(self, width: int, dropout: float, eps: float | None) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.Identity() if eps is None else nn.LayerNorm(width, eps)

    def forward(self, before: Tensor, change: Tensor) -> Tensor:
        """The states after a sub-layer."""
        out: Tensor = self.norm(before + self.dropout(change))
        return out


class DecoderLayer(nn.Module):
    """Attention to words, to the video, (of `CABase`) to concepts, and a feed-forward network.

    eps: of the LayerNorm after each sub-layer; None: there is none, and the activation is the tanh GELU.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feed: int,
        dropout: float,
        attention_dropout: float,
        eps: float | None,
        keys: int | None,
        concepts: bool,
    ) -> None:
        super().__init__()
        self.words = Attention(width, heads, attention_dropout)
        self.video = Attention(width, heads, attention_dropout, keys)
        self.concepts = Attention(width, heads, attention_dropout) if concepts else None
        self.feed_in, self.feed_out = nn.Linear(width, feed), nn.Linear(feed, width)
        self.after = nn.ModuleList(Residual(width, dropout, eps) for _ in range(4 if concepts else 3))
        self.smooth = eps is None

    def forward(
        self,
        x: Tensor,
        past: Pair | None,
        hidden: Tensor,
        video: Pair,
        video_hidden: Tensor,
        concepts: Pair | None,
        real: Tensor | None = None,
    ) -> tuple[Tensor, Pair]:
        """x [R, L, W] after `past` words; the video has B rows, each for R / B rows of x.

        real: positions [R, L] whose states stay; the others become zero after each sub-layer.
        """
        pair = self.words.pair(x)
        if past is not None:
            pair = torch.cat([past[0], pair[0]], 2), torch.cat([past[1], pair[1]], 2)
        x = _only(self.after[0](x, self.words(x, pair, hidden)), real)
        # rows of one clip are positions of one row here, so that they share its keys
        asked = x.reshape(len(video[0]), -1, x.shape[-1])
        x = _only(self.after[1](x, self.video(asked, video, video_hidden).view_as(x)), real)
        if self.concepts is not None and concepts is not None:
            asked = x.reshape(len(video[0]), -1, x.shape[-1])
            seen = self.concepts(asked, concepts, torch.zeros_like(video_hidden[..., :1]))
            x = self.after[3](x, seen.view_as(x))
        inner = self.feed_in(x)
        inner = functional.gelu(inner, approximate="tanh") if self.smooth else functional.relu(inner)
        return _only(self.after[2](x, self.feed_out(inner)), real), pair


def _only(states: Tensor, real: Tensor | None) -> Tensor:
    return states if real is None else states * real[..., None]


def causal(length: int, past: int, like: Tensor) -> Tensor:
    """What hides later words from the last `length` of some: [1, 1, length, past + length]."""
    later = torch.ones((length, past + length), dtype=torch.bool, device=like.device).triu(past + 1)
    return hide(~later)[None, None]


def hide(seen: Tensor) -> Tensor:
    """Scores to add: 0 where a key is seen, else `HIDDEN`."""
    return torch.where(seen, 0.0, HIDDEN)


class Words(nn.Module):
    """e_t = LN(word + position + what is the same at every position)."""

    def __init__(self, size: int, longest: int, width: int, dropout: float, eps: float) -> None:
        super().__init__()
        self.word = nn.Embedding(size, width)
        self.position = nn.Embedding(longest, width)
        self.norm = nn.LayerNorm(width, eps)
        self.dropout = nn.Dropout(dropout)
        for table in (self.word, self.position):
            nn.init.normal_(table.weight, std=1 / math.sqrt(width))

    def forward(self, tokens: Tensor, first: int, shared: Tensor | None) -> Tensor:
        """Tokens [R, L] from position `first` on; `shared` is [B, W], each row for R / B rows of tokens."""
        index = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        states = self.word(tokens) + self.position(index.clamp_max(self.position.num_embeddings - 1))
        if shared is not None:
            states = states + shared.repeat_interleave(len(tokens) // len(shared), 0)[:, None]
        out: Tensor = self.dropout(self.norm(states))
        return out
