"""The mask generator: one learnt query an event looks at the frames and says where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from vidcap_wsdvc_mask.masks import Spans, mask, moments, ordered
from vidcap_wsdvc_mask.temporal import rounded

Place = Literal["query", "frames"]
EDGE = 0.02
"""A prior keeps away from 0 and 1, where its logit has no end."""
FAR = 1e-4
"""What the prior leaves of an event far away from its segment: frames may still say that it is there."""


class Localiser(nn.Module):
    """o = Decoder(Q_1 .. Q_N, frames + P), and from it where each event is.

    place "query": c = sigmoid(a o), w = w_min + (1 - w_min) sigmoid(b o), numbers that every query makes up.
    place "frames": each frame t belongs to event k with p_k(t) = softmax_k(A o_k . B (frame_t + P_t) / sqrt(d));
    c is the mean moment under p_k, w the part of the clip that the event has, mean_t p_k(t).

    The prior "uniform" starts from N equal segments of the clip. With `inside` the interval lies in the clip: else
    the first and the last event hide best when they are centred on the clip's ends, and half of it is cut off.
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
        place: Place,
        order: Literal["sorted", "given"],
        prior: Literal["none", "uniform"],
        inside: bool,
        min_width: float,
        float32: bool,
        half: bool,
    ) -> None:
        super().__init__()
        self.place, self.order, self.prior, self.inside = place, order, prior, inside
        self.min_width, self.float32, self.rounds = min_width, float32, half
        self.queries = nn.Parameter(torch.randn(queries, width))
        self.positions = nn.Parameter(torch.randn(frames, width))  # times are what it is to tell
        self.from_sentence = nn.Linear(sentences, width) if sentences is not None else None
        layer = nn.TransformerDecoderLayer(
            width, heads, feed, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, layers, nn.LayerNorm(width))
        self.dropout = nn.Dropout(dropout)
        if place == "frames":
            self.asks = nn.Linear(width, width, bias=False)
            self.tells = nn.Linear(width, width, bias=False)
        else:
            self.centre = nn.Linear(width, 1, bias=False)
            self.width = nn.Linear(width, 1, bias=False)
            if prior == "uniform":  # nothing is known at first but the prior
                nn.init.zeros_(self.centre.weight)
                nn.init.zeros_(self.width.weight)

    def last(self) -> list[Tensor]:
        """The weights that spans come from."""
        parts = (self.asks, self.tells) if self.place == "frames" else (self.centre, self.width)
        return [part.weight for part in parts]

    def forward(self, frames: Tensor, counts: Sequence[int], sentences: Tensor | None = None) -> Spans:
        """Spans of `counts[b]` events in each clip's frames [B, T, width]; sentences [B, N, S] tell which."""
        most = max(counts)
        number = torch.tensor(counts).to(frames.device, non_blocking=True)
        index = torch.arange(most, device=frames.device)
        real = index < number[:, None]
        asked = self.queries[:most] * real[..., None]
        if self.from_sentence is not None and sentences is not None:
            asked = asked + self.from_sentence(sentences) * real[..., None]
        memory = self.dropout(rounded(frames, self.rounds) + self.positions)
        # a clip without events would have nothing to attend to among its queries
        seen = self.decoder(self.dropout(asked), memory, tgt_key_padding_mask=~(real | (index == 0)))
        if self.float32 or _coarse(seen.device.type):
            with torch.autocast(seen.device.type, enabled=False):
                spans = self._spans(_wide(seen), _wide(memory), number, index, real)
        else:
            spans = self._spans(seen, memory, number, index, real)
        return ordered(spans) if self.order == "sorted" else spans

    def _spans(self, seen: Tensor, memory: Tensor, number: Tensor, index: Tensor, real: Tensor) -> Spans:
        made = (
            self._shared(seen, memory, number, real)
            if self.place == "frames"
            else self._stated(seen, number, index)
        )
        return Spans(*made, real)

    def _shared(self, seen: Tensor, memory: Tensor, number: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Centres and widths from the frames that events have."""
        score = self.asks(seen) @ self.tells(memory).transpose(1, 2) / seen.shape[-1] ** 0.5
        if self.prior == "uniform":
            score = score + mask(_segments(number, real, seen), memory.shape[1]).clamp_min(FAR).log()
        has = score.masked_fill(~real[..., None], torch.finfo(score.dtype).min).softmax(1)
        has = has * real[..., None]
        width = has.mean(-1).clamp_min(self.min_width)
        moment = moments(memory.shape[1], seen)
        centre = (has * moment).sum(-1) / has.sum(-1).clamp_min(torch.finfo(has.dtype).tiny)
        if self.inside:
            centre = torch.minimum(torch.maximum(centre, width / 2), 1 - width / 2)
        return centre, width

    def _stated(self, seen: Tensor, number: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Centres and widths as each query says them."""
        centre, width = self.centre(seen)[..., 0], self.width(seen)[..., 0]
        if self.prior == "uniform":
            parts = number[:, None].clamp_min(1).to(centre.dtype)
            share = 1 / parts
            width = width + _logit((share - self.min_width) / (1 - self.min_width)).expand_as(width)
            middle = (index + 0.5) * share
            if self.inside:  # where c lies between w/2 and 1 - w/2; a lone event has the whole clip
                middle = torch.where(parts > 1, (middle - share / 2) / (1 - share).clamp_min(EDGE), 0.5)
            centre = centre + _logit(middle)
        width = self.min_width + (1 - self.min_width) * width.sigmoid()
        centre = centre.sigmoid()
        return (width / 2 + (1 - width) * centre if self.inside else centre), width


def _segments(number: Tensor, real: Tensor, like: Tensor) -> Spans:
    """N equal segments of each clip."""
    share = (1 / number[:, None].clamp_min(1).to(like.dtype)).expand(real.shape)
    index = torch.arange(real.shape[1], device=like.device)
    return Spans((index + 0.5) * share, share, real)


def _coarse(device: str) -> bool:
    """Whether numbers have bfloat16's 8 bits here: above 0.5 a centre would move in steps of 1 / 256 of the clip."""
    return torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) is torch.bfloat16


def _wide(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()


def _logit(share: Tensor) -> Tensor:
    return share.clamp(EDGE, 1 - EDGE).logit()
