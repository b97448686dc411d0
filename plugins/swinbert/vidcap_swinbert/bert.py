"""BERT over words and video: each text position sees what it may of the text, and all of the video."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EPS = 1e-12
Pair = tuple[Tensor, Tensor]
"""Keys and values [rows, heads, positions, width / heads]."""


class BertLayer(nn.Module):
    """Attention and a feed-forward network, each with a LayerNorm after its residual."""

    def __init__(self, width: int, heads: int, feed: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.rate = heads, dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.out_norm = nn.LayerNorm(width, EPS)
        self.feed_in = nn.Linear(width, feed)
        self.feed_out = nn.Linear(feed, width)
        self.feed_norm = nn.LayerNorm(width, EPS)
        self.dropout = nn.Dropout(dropout)

    def pair(self, states: Tensor) -> Pair:
        """Keys and values of [rows, positions, width]."""
        return self._split(self.key(states)), self._split(self.value(states))

    def video(self, states: Tensor, pair: Pair, bias: Tensor) -> Tensor:
        """The next states of video tokens [B, N, W], which see video alone; `bias` is added to their scores."""
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(states)),
            *pair,
            attn_mask=bias.to(states.dtype),
            dropout_p=self.rate if self.training else 0.0,
        )
        return self._after(states, mixed)

    def text(self, states: Tensor, text: Pair, hidden: Tensor, video: Pair, video_hidden: Tensor) -> Tensor:
        """The next states of text [R, L, W]; R // K is the row of `video`, which is never copied for K beams."""
        queries = self._split(self.query(states)) * (states.shape[-1] // self.heads) ** -0.5
        rows, clips = len(queries), len(video[0])
        # [R, heads, L, d] as [B, heads, K * L, d]: the beams of a clip ask the same keys
        asked = queries.view(clips, rows // clips, *queries.shape[1:]).transpose(1, 2).flatten(2, 3)
        seen = (asked @ video[0].transpose(-1, -2) + video_hidden.to(queries.dtype)).view(
            clips, self.heads, rows // clips, queries.shape[2], -1
        )
        seen = seen.transpose(1, 2).reshape(rows, self.heads, queries.shape[2], -1)
        scores = torch.cat([queries @ text[0].transpose(-1, -2) + hidden.to(queries.dtype), seen], -1)
        share = functional.dropout(scores.softmax(-1), self.rate, self.training)
        words, rest = share.split([text[0].shape[2], video[0].shape[2]], -1)
        rest = rest.view(clips, rows // clips, *rest.shape[1:]).transpose(1, 2).flatten(2, 3) @ video[1]
        rest = rest.view(clips, self.heads, rows // clips, queries.shape[2], -1).transpose(1, 2)
        return self._after(states, words @ text[1] + rest.reshape(queries.shape))

    def looked(self, states: Tensor, text: Pair, hidden: Tensor, video: Pair, video_hidden: Tensor) -> Tensor:
        """How much each text position attends to each video token, mean over heads [R, L, N]; one row a clip."""
        queries = self._split(self.query(states)) * (states.shape[-1] // self.heads) ** -0.5
        scores = [
            queries @ text[0].transpose(-1, -2) + hidden,
            queries @ video[0].transpose(-1, -2) + video_hidden,
        ]
        share: Tensor = torch.cat(scores, -1).softmax(-1)[..., text[0].shape[2] :].mean(1)
        return share

    def _after(self, states: Tensor, mixed: Tensor) -> Tensor:
        states = self.out_norm(states + self.dropout(self.out(mixed.transpose(1, 2).flatten(2))))
        change = self.feed_out(functional.gelu(self.feed_in(states)))
        after: Tensor = self.feed_norm(states + self.dropout(change))
        return after

    def _split(self, values: Tensor) -> Tensor:
        split: Tensor = values.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return split


class Words(nn.Module):
    """LN(word + position + type)."""

    def __init__(self, words: int, positions: int, width: int, dropout: float) -> None:
        super().__init__()
        self.word = nn.Embedding(words, width)
        self.position = nn.Embedding(positions, width)
        self.kind = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width, EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """States of tokens [R, L] at positions [L]."""
        states: Tensor = self.dropout(self.norm(self.word(tokens) + self.position(positions) + self.kind))
        return states


class WordLogits(nn.Module):
    """V LN(gelu(W h)) + b."""

    def __init__(self, width: int, words: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, EPS)
        self.decoder = nn.Linear(width, words)

    def forward(self, states: Tensor) -> Tensor:
        """Logits of states."""
        logits: Tensor = self.decoder(self.norm(functional.gelu(self.dense(states))))
        return logits


def start_small(module: nn.Module) -> None:
    """BERT's random start: normal with a deviation of 0.02, biases 0."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Embedding)):
            nn.init.normal_(part.weight, std=0.02)
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
