"""A small Transformer captioner: an encoder over all streams, a decoder with cached keys and values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import cast

import torch
from torch import Tensor, nn

from vidcap_core.contracts.head import Head, Output, caption_tokens, whole_clips
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Named, Stream, View
from vidcap_core.errors import ConfigError
from vidcap_core.heads.layers import Attention, Pair, causal_mask, positions, prompt_history, sinusoids
from vidcap_core.heads.streams import check_widths, read_streams

Memory = tuple[tuple[Pair, ...], Tensor]
"""Keys and values of the video for each layer, and which of its positions are real [B, 1, 1, M]."""
State = tuple[tuple[Pair, ...], Tensor]
"""Keys and values of the words so far for each layer, and which of them are real [R, t]."""


class DecoderLayer(nn.Module):
    """Pre-norm: attention to the words so far, attention to the video, feed-forward."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.words = Attention(width, heads, dropout)
        self.video = Attention(width, heads, dropout)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, past: Pair | None, mask: Tensor, video: Pair, real: Tensor
    ) -> tuple[Tensor, Pair]:
        """x [R, L, width], after `past` words; the video has one row for R / B rows of x."""
        normed = self.norms[0](x)
        pair = self.words.pair(normed)
        if past is not None:
            pair = torch.cat([past[0], pair[0]], 2), torch.cat([past[1], pair[1]], 2)
        x = x + self.dropout(self.words(normed, pair, mask))
        # beams of a clip are positions of one row here, so that they share its video
        queries = self.norms[1](x).reshape(len(real), -1, x.shape[-1])
        x = x + self.dropout(self.video(queries, video, real)).view_as(x)
        return x + self.dropout(self.feed(self.norms[2](x))), pair


LAYERS = 1000
"""More are a slip of the finger, or a stranger's."""


class SmallTransformer(Head):
    """An encoder over all streams, one after the other in time, and a decoder over words.

    streams: name -> width of the streams that are read.
    width: of everything inside.
    layers: of the encoder and of the decoder.
    heads: attention heads.
    dropout: everywhere.
    """

    takes_prompt = True

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        width: int = 256,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if width < 1 or heads < 1 or not 1 <= layers <= LAYERS:
            raise ConfigError(
                f"head: width={width}, layers={layers}, heads={heads}: each at least 1, and at most {LAYERS} layers"
            )
        if width % (2 * heads):
            raise ConfigError(f"head.width={width} must be a multiple of twice head.heads={heads}")
        self.streams = check_widths(streams, "SmallTransformer")
        self.width, self.heads = width, heads
        self.project = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(size, width), nn.LayerNorm(width))
                for name, size in self.streams.items()
            }
        )
        self.kind = nn.Embedding(len(self.streams) + 1, width)  # the last one is a slot that is always real
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        # the nested-tensor path shortens padded tails, and equal lengths could not be relied on
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.embed = nn.Embedding(len(tokenizer), width)
        nn.init.normal_(
            self.embed.weight, std=width**-0.5
        )  # times sqrt(width) below: as large as a position's
        self.decoder = nn.ModuleList([DecoderLayer(width, heads, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, len(tokenizer))

    def start(self, view: View) -> tuple[Memory, State]:
        """Encode the streams and consume the prompt but for its last word."""
        memory = self._encode(view.streams)
        rows = len(view.clips)
        none = self.embed.weight.new_zeros((rows, self.heads, 0, self.width // self.heads))
        state: State = (tuple((none, none) for _ in self.decoder), memory[1].new_zeros((rows, 0)))
        if (history := prompt_history(view)) is not None:
            _, state = self._decode(*history, memory, state)
        return memory, state

    def step(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """One word."""
        real = torch.ones_like(tokens[:, None], dtype=torch.bool)
        hidden, state = self._decode(tokens[:, None], real, memory, state)
        return self.classify(hidden[:, 0]), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words at once."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        memory, state = self.start(whole_clips(streams, batch))
        hidden, _ = self._decode(tokens[:, :-1], mask[:, :-1], memory, state)
        return Output(tokens=Named(self.classify(hidden), tokens[:, 1:], mask[:, 1:]))

    @property
    def layers(self) -> list[DecoderLayer]:
        """The decoder's layers."""
        return cast("list[DecoderLayer]", list(self.decoder))

    def _encode(self, streams: Mapping[str, Stream]) -> Memory:
        ordered = read_streams(streams, self.streams, "SmallTransformer")
        values, masks = [], []
        for number, (name, stream) in enumerate(ordered.items()):
            index = torch.arange(stream.mask.shape[1], device=stream.mask.device)
            projected = self.project[name](torch.where(stream.mask[..., None], stream.values, 0))
            values.append(projected + sinusoids(index, self.width) + self.kind.weight[number])
            masks.append(stream.mask)
        slot = self.kind.weight[-1].expand(len(masks[0]), 1, -1)
        real = torch.cat([*masks, torch.ones_like(masks[0][:, :1])], 1)
        video = self.encoder(self.dropout(torch.cat([*values, slot], 1)), src_key_padding_mask=~real)
        return tuple([layer.video.pair(video) for layer in self.layers]), real[:, None, None]

    def _decode(self, tokens: Tensor, real: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """tokens [R, L], of which some may be padding, after the words of `state`."""
        pairs, before = state
        real = torch.cat([before, real], 1)
        past, length = before.shape[1], tokens.shape[1]
        index = positions(real)[:, past:]
        mask = causal_mask(real, length)
        x = self.dropout(self.embed(tokens) * math.sqrt(self.width) + sinusoids(index, self.width))
        new_pairs = []
        for layer, pair, video in zip(self.layers, pairs, memory[0], strict=True):
            x, pair = layer(x, pair, mask, video, memory[1])
            new_pairs.append(pair)
        return self.norm(x), (tuple(new_pairs), real)
