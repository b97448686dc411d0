"""CLIP4Caption-style: a Transformer over features of CLIP, one row a frame, and a Transformer that writes."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.api import (
    Batch,
    ConfigError,
    Head,
    Named,
    Output,
    Stream,
    Tokenizer,
    View,
    caption_tokens,
    check_widths,
    read_streams,
    whole_clips,
)
from vidcap_core.heads.layers import Attention, sinusoids


class Layer(nn.Module):
    """Post-norm, as BERT: attention to words, attention to the video, feed-forward with GELU."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.words, self.video = Attention(width, heads, dropout), Attention(width, heads, dropout)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, past: Any, mask: Tensor, video: Any, real: Tensor) -> tuple[Tensor, Any]:
        """Words x [R, L, W] after `past`; the video has B rows, each for R / B rows of x."""
        pair = self.words.pair(x)
        pair = torch.cat([past[0], pair[0]], 2), torch.cat([past[1], pair[1]], 2)
        x = self.norms[0](x + self.dropout(self.words(x, pair, mask)))
        asked = x.reshape(len(real), -1, x.shape[-1])  # beams of a clip are positions of one row
        x = self.norms[1](x + self.dropout(self.video(asked, video, real)).view_as(x))
        return self.norms[2](x + self.dropout(self.feed(x))), pair


class CLIP4Caption(Head):
    """m = Transformer(W x + position); p(w_t) = softmax(V decoder(w_<t; m)), post-norm.

    streams: name of each stream that is read -> its width; their rows stand one after the other.
    width, heads: of both Transformers.
    encoder_layers, layers: of the encoder and of the decoder.
    dropout: everywhere.
    """

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        width: int = 768,
        heads: int = 12,
        encoder_layers: int = 1,
        layers: int = 3,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if width % (2 * heads):
            raise ConfigError(f"head.width={width} must be a multiple of twice head.heads={heads}")
        self.streams, self.width, self.heads = check_widths(streams, "CLIP4Caption"), width, heads
        self.project = nn.ModuleDict({name: nn.Linear(size, width) for name, size in self.streams.items()})
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, "gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, encoder_layers, enable_nested_tensor=False)
        self.slot = nn.Parameter(torch.zeros(width))  # always real, so that a clip without a row gives no NaN
        self.embed, self.norm = nn.Embedding(len(tokenizer), width), nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads, dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, len(tokenizer))

    def start(self, view: View) -> tuple[Any, Any]:
        """Encode the rows; keys and values of each layer."""
        streams = read_streams(view.streams, self.streams, "CLIP4Caption")
        slot = self.slot.expand(len(view.clips), 1, -1)
        values, masks = [slot], [torch.ones_like(slot[..., 0], dtype=torch.bool)]
        for name, stream in streams.items():
            index = torch.arange(stream.mask.shape[1], device=stream.mask.device)
            rows = self.project[name](torch.where(stream.mask[..., None], stream.values, 0))
            values.append(rows + sinusoids(index, self.width))
            masks.append(stream.mask.bool())
        real = torch.cat(masks, 1)
        video = self.encoder(self.dropout(torch.cat(values, 1)), src_key_padding_mask=~real)
        pairs = tuple(layer.video.pair(video) for layer in self.layers)  # type: ignore[union-attr,operator]
        none = video.new_zeros((len(video), self.heads, 0, self.width // self.heads))
        return (pairs, real[:, None, None]), tuple((none, none) for _ in self.layers)

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word."""
        hidden, state = self._decode(tokens[:, None], memory, state)
        return self.classify(hidden[:, 0]), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words at once."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        hidden, _ = self._decode(tokens[:, :-1], *self.start(whole_clips(streams, batch)))
        return Output(tokens=Named(self.classify(hidden), tokens[:, 1:], mask[:, 1:]))

    def _decode(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        past, length = state[0][0].shape[2], tokens.shape[1]
        index = torch.arange(past, past + length, device=tokens.device)
        x = self.dropout(self.norm(self.embed(tokens) + sinusoids(index, self.width)))
        mask = torch.ones((length, past + length), dtype=torch.bool, device=x.device).tril(past)
        pairs = []
        for layer, before, video in zip(self.layers, state, memory[0], strict=True):
            x, pair = layer(x, before, mask, video, memory[1])
            pairs.append(pair)
        return x, tuple(pairs)
