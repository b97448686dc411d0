"""Rows of features to queries, and what each layer of the decoder makes of them: spans, scores, a count."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vidcap_pdvc.deformable import Places, Pyramid
from vidcap_pdvc.pyramid import PyramidMaker
from vidcap_pdvc.spans import logit
from vidcap_pdvc.transformer import DecoderLayer, EncoderLayer, own_places

RARE = 0.01
"""How likely a query finds an event at first."""
SHORT = -2.0
"""The logit of its length at first: it looks around itself."""


@dataclass(frozen=True)
class Proposals:
    """What a layer of the decoder says of each query.

    found: [B, Q, D]; spans: (centre, length) [B, Q, 2] in shares of the clip; scores: logits [B, Q];
    count: logits of how many events there are [B, 1 + most]; before: where queries were [B, Q, 1 or 2].
    """

    found: Tensor
    spans: Tensor
    scores: Tensor
    count: Tensor
    before: Tensor


class Network(nn.Module):
    """Deformable encoder over a pyramid of the rows, decoder over learnt queries, a refined span a layer."""

    def __init__(
        self,
        *,
        given: int,
        width: int,
        heads: int,
        feed: int,
        encoder_layers: int,
        decoder_layers: int,
        levels: int,
        points: int,
        queries: int,
        most: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.points, self.width = points, width
        self.pyramid = PyramidMaker(given, width, levels)
        sizes = (width, heads, feed, levels, points, dropout)
        self.encoder = nn.ModuleList(EncoderLayer(*sizes) for _ in range(encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(decoder_layers))
        self.queries = nn.Embedding(queries, 2 * width)
        self.reference = nn.Linear(width, 1)
        self.spans = nn.ModuleList(_span_layers(width, layer == 0) for layer in range(decoder_layers))
        self.scores = nn.ModuleList(_score(width) for _ in range(decoder_layers))
        self.counts = nn.ModuleList(nn.Linear(width, most + 1) for _ in range(decoder_layers))

    def encode(self, rows: Tensor, real: Tensor, seconds: Tensor) -> Pyramid:
        """What queries look at, of rows [B, T, given] of clips of so many seconds."""
        pyramid, positions = self.pyramid(rows, real, seconds)
        places = own_places(pyramid, self.points)
        for layer in self.encoder:
            pyramid = layer(pyramid, positions, places)
        assert isinstance(pyramid, Pyramid)
        return pyramid

    def propose(self, memory: Pyramid) -> list[Proposals]:
        """What each layer finds; the last one is what counts."""
        positions, x = (half.expand(len(memory.values), -1, -1) for half in self.queries.weight.chunk(2, -1))
        return self.decode(x, positions, self.reference(positions).sigmoid(), memory)

    def decode(self, x: Tensor, positions: Tensor, reference: Tensor, memory: Pyramid) -> list[Proposals]:
        """The same of queries [B, Q, D] at references [B, Q, 1 or 2]."""
        made = []
        for number, layer in enumerate(self.decoder):
            x = layer(x, positions, Places.of(reference, memory, self.points), memory)
            moved = self.spans[number](x)
            moved = moved + nn.functional.pad(logit(reference), (0, 2 - reference.shape[-1]))
            scores, count = self.scores[number](x)[..., 0], self.counts[number](x.amax(1))
            made.append(Proposals(x, moved.sigmoid(), scores, count, reference))
            reference = made[-1].spans.detach()
        return made


def _score(width: int) -> nn.Linear:
    """Whether a query finds an event, which is rare at first."""
    made = nn.Linear(width, 1)
    nn.init.constant_(made.bias, math.log(RARE / (1 - RARE)))
    return made


def _span_layers(width: int, first: bool) -> nn.Sequential:
    """Three layers, of which the last says nothing at first; but the first ones make spans short."""
    last = nn.Linear(width, 2)
    nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([0.0, SHORT if first else 0.0]))
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), last)
