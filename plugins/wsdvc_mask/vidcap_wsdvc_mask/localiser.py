"""The mask generator: one learnt query an event looks at the frames and says where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from vidcap_wsdvc_mask.masks import Spans, ordered

EDGE = 0.02
"""A prior keeps away from 0 and 1, where its logit has no end."""


class Localiser(nn.Module):
    """o = Decoder(Q_1 .. Q_N, frames + P); c = sigmoid(a o), w = w_min + (1 - w_min) sigmoid(b o).

    With the prior "uniform" both logits start from N equal segments of the clip. With `inside` the interval lies
    in the clip, c = w/2 + (1 - w) sigmoid(a o): else the first and the last event hide best when they are centred
    on the clip's ends, and half of their intervals is cut off.
    """

    def __init__(
        self,
        *,
        width: int,
        frames: int,
        queries: int,
        heads: int,
        feed: int,
        layers: int,
        dropout: float,
        sentences: int | None,
        order: Literal["sorted", "given"],
        prior: Literal["none", "uniform"],
        inside: bool,
        min_width: float,
        float32: bool,
    ) -> None:
        super().__init__()
        self.order, self.prior, self.inside = order, prior, inside
        self.min_width, self.float32 = min_width, float32
        self.queries = nn.Parameter(torch.randn(queries, width))
        self.positions = nn.Parameter(torch.randn(frames, width))  # times are what it is to tell
        self.from_sentence = nn.Linear(sentences, width) if sentences is not None else None
        layer = nn.TransformerDecoderLayer(
            width, heads, feed, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, layers, nn.LayerNorm(width))
        self.dropout = nn.Dropout(dropout)
        self.centre = nn.Linear(width, 1, bias=False)
        self.width = nn.Linear(width, 1, bias=False)
        if prior == "uniform":  # nothing is known at first but the prior
            nn.init.zeros_(self.centre.weight)
            nn.init.zeros_(self.width.weight)

    def forward(self, frames: Tensor, counts: Sequence[int], sentences: Tensor | None = None) -> Spans:
        """Spans of `counts[b]` events in each clip's frames [B, T, width]; sentences [B, N, S] tell which."""
        most = max(counts)
        number = torch.as_tensor(counts, device=frames.device)
        place = torch.arange(most, device=frames.device)
        real = place < number[:, None]
        asked = self.queries[:most] * real[..., None]
        if self.from_sentence is not None and sentences is not None:
            asked = asked + self.from_sentence(sentences) * real[..., None]
        memory = self.dropout(frames + self.positions)
        # a clip without events would have nothing to attend to among its queries
        seen = self.decoder(self.dropout(asked), memory, tgt_key_padding_mask=~(real | (place == 0)))
        spans = self._spans(seen, number, place, real)
        return ordered(spans) if self.order == "sorted" else spans

    def _spans(self, seen: Tensor, number: Tensor, place: Tensor, real: Tensor) -> Spans:
        if not self.float32:
            centre, width = self.centre(seen)[..., 0], self.width(seen)[..., 0]
            return self._squashed(centre, width, number, place, real)
        with torch.autocast(seen.device.type, enabled=False):
            wide = seen if seen.dtype == torch.float64 else seen.float()
            centre, width = self.centre(wide)[..., 0], self.width(wide)[..., 0]
            return self._squashed(centre, width, number, place, real)

    def _squashed(self, centre: Tensor, width: Tensor, number: Tensor, place: Tensor, real: Tensor) -> Spans:
        if self.prior == "uniform":
            parts = number[:, None].clamp_min(1).to(centre.dtype)
            share = 1 / parts
            width = width + _logit((share - self.min_width) / (1 - self.min_width)).expand_as(width)
            middle = (place + 0.5) * share
            if self.inside:  # where c lies between w/2 and 1 - w/2; a lone event has the whole clip
                middle = torch.where(parts > 1, (middle - share / 2) / (1 - share).clamp_min(EDGE), 0.5)
            centre = centre + _logit(middle)
        width = self.min_width + (1 - self.min_width) * width.sigmoid()
        centre = centre.sigmoid()
        return Spans(width / 2 + (1 - width) * centre if self.inside else centre, width, real)


def _logit(share: Tensor) -> Tensor:
    return share.clamp(EDGE, 1 - EDGE).logit()
