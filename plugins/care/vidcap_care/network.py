"""What CARE's and NACF's captioners share: streams to memory, and words to hidden states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from vidcap_care.concepts import Concepts, Guidance
from vidcap_care.decoder import DecoderLayer, Pair, Words, causal, hide
from vidcap_care.streams import GatedProjection, Projection, fitted, mean_state
from vidcap_core.api import ConfigError, Stream, check_widths, mean_rows, read_streams

Layout = Literal["care", "nacf"]
"""`care`: post-norm, ReLU, eps 1e-12; `nacf`, of NACF's own repository: no norms, tanh GELU, eps 1e-5."""


class Memory(NamedTuple):
    """What all words of a clip see; every part has one row a clip."""

    video: tuple[Pair, ...]
    hidden: Tensor
    concepts: tuple[Pair | None, ...]
    shared: Tensor | None
    mean: Tensor
    guidance: Guidance | None
    states: Tensor


class Network(nn.Module):
    """Encoders of streams, concepts, and the decoder with its output layer, which has no bias."""

    def __init__(
        self,
        *,
        streams: dict[str, int],
        words: int,
        longest: int,
        width: int,
        heads: int,
        feed: int,
        layers: int,
        dropout: float,
        attention_dropout: float,
        encoder_dropout: float,
        encoder: Literal["norm", "gated"],
        layout: Layout,
        category: str | None,
        add_mean: bool,
        decoder_streams: Sequence[str] | None = None,
        concepts: Concepts | None = None,
        rows: Mapping[str, int] | None = None,
        concept_attention: bool = False,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ConfigError(f"head.width={width} must be a multiple of head.heads={heads}")
        self.streams = check_widths(streams, "the captioner")
        if category is not None and category not in streams:
            raise ConfigError(
                f"head.category='{category}' is none of head.streams", hint=f"streams={{'{category}': 20}}"
            )
        self.category, self.add_mean, self.layout = category, add_mean, layout
        seen = [name for name in self.streams if name != category]
        self.decoder_streams = list(decoder_streams) if decoder_streams is not None else seen
        for name in self.decoder_streams:
            if name not in seen:
                raise ConfigError(f"head.decoder_streams names '{name}', which is none of head.streams")
        eps = 1e-12 if layout == "care" else 1e-5
        make = {"norm": lambda size: Projection(size, width, eps)}.get(
            encoder, lambda size: GatedProjection(size, width)
        )
        self.encoders = nn.ModuleDict({name: make(self.streams[name]) for name in seen})
        self.encoder_dropout = nn.Dropout(encoder_dropout)
        self.concepts = concepts
        self.rows = dict(rows) if rows else None
        keys = None
        if self.rows is not None:
            keys = sum(self.rows[name] for name in self.decoder_streams)
            keys += concepts.top if concepts is not None and not concept_attention else 0
        self.categories = None if category is None else nn.Embedding(self.streams[category], width)
        self.words = Words(words, longest, width, dropout, eps)
        self.concept_attention = concept_attention
        self.layers = nn.ModuleList(
            DecoderLayer(
                width,
                heads,
                feed,
                dropout,
                attention_dropout,
                eps if layout == "care" else None,
                keys,
                concept_attention,
            )
            for _ in range(layers)
        )
        self.classify = nn.Linear(width, words, bias=False)

    @property
    def decoder(self) -> list[DecoderLayer]:
        """The decoder's layers."""
        return cast("list[DecoderLayer]", list(self.layers))

    def encode(self, streams: Mapping[str, Stream], head: str) -> Memory:
        """Keys and values of the video, concepts, and what is added to every word."""
        given = read_streams(streams, self.streams, head)
        states: dict[str, Tensor] = {}
        masks: dict[str, Tensor] = {}
        means: dict[str, Tensor] = {}
        for name, encoder in self.encoders.items():
            values, masks[name] = fitted(given[name], name, None if self.rows is None else self.rows[name])
            states[name] = self.encoder_dropout(encoder(values, masks[name]))
            means[name] = mean_state(states[name], masks[name])
        video = torch.cat([states[name] for name in self.decoder_streams], 1)
        seen = torch.cat([masks[name] for name in self.decoder_streams], 1)
        mean = torch.stack([means[name] for name in self.decoder_streams]).mean(0)
        shared = [mean] if self.add_mean else []
        if self.category is not None and self.categories is not None:
            shared.append(mean_rows(given[self.category]).to(mean.dtype) @ self.categories.weight)
        guidance = None
        pairs: tuple[Pair | None, ...] = (None,) * len(self.layers)
        if self.concepts is not None:
            guidance = self.concepts(means)
            if guidance.shared is not None:
                shared.append(guidance.shared)
            if self.concept_attention:
                pairs = tuple(
                    layer.concepts.pair(guidance.states) if layer.concepts is not None else None
                    for layer in self.decoder
                )
            else:
                video = torch.cat([video, guidance.states], 1)
                seen = torch.cat([seen, seen.new_ones(len(seen), guidance.states.shape[1])], 1)
        added = torch.stack(shared).sum(0) if shared else None
        return Memory(
            tuple(layer.video.pair(video) for layer in self.decoder),
            hide(seen)[:, None, None],
            pairs,
            added,
            mean,
            guidance,
            video,
        )

    def left_to_right(
        self, tokens: Tensor, memory: Memory, past: tuple[Pair, ...] | None = None
    ) -> tuple[Tensor, tuple[Pair, ...]]:
        """Hidden states of tokens [R, L] after `past` words, each of which sees those before it."""
        before = 0 if past is None else past[0][0].shape[2]
        hidden = causal(tokens.shape[1], before, memory.mean)
        return self._decode(tokens, before, hidden, memory, past, None)

    def at_once(self, tokens: Tensor, real: Tensor, memory: Memory) -> Tensor:
        """Hidden states of tokens [R, L], which all see all real ones."""
        kept = real.to(memory.mean.dtype) if self.layout == "nacf" else None
        return self._decode(tokens, 0, hide(real)[:, None, None], memory, None, kept)[0]

    def _decode(
        self,
        tokens: Tensor,
        first: int,
        hidden: Tensor,
        memory: Memory,
        past: tuple[Pair, ...] | None,
        real: Tensor | None,
    ) -> tuple[Tensor, tuple[Pair, ...]]:
        x = self.words(tokens, first, memory.shared)
        pairs = []
        for index, layer in enumerate(self.decoder):
            x, pair = layer(
                x,
                None if past is None else past[index],
                hidden,
                memory.video[index],
                memory.hidden,
                memory.concepts[index],
                real,
            )
            pairs.append(pair)
        return x, tuple(pairs)
