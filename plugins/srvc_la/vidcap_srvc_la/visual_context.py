"""The visual regularisation context: frames and a padding sequence, each through its Transformer encoder."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from vidcap_core.heads.layers import sinusoids
from vidcap_srvc_la.argument_checks import check_dropout, check_heads, check_padding, check_sizes

Concat = Literal["channel", "seq", "none"]
PadType = Literal["zeros", "learned", "noise"]
PadEncoder = Literal["own", "shared", "identity"]
NOISE = 0.02


class Context(NamedTuple):
    """What the decoder attends to, one row a clip."""

    values: Tensor  # R [B, M, d_R]
    mask: Tensor  # [B, M]
    video: Tensor  # the mean encoded frame [B, d]


class VisualContext(nn.Module):
    """V = Enc_v(LN(X W) + PE), P = Enc_p(Z + PE); R_i = [V_i; P_i] (channel), [V; P] (seq) or V (none)."""

    def __init__(
        self,
        *,
        inputs: int,
        width: int,
        layers: int,
        heads: int,
        feed: int,
        dropout: float,
        concat: Concat,
        pad_type: PadType,
        pad_encoder: PadEncoder,
        positions: bool,
    ) -> None:
        super().__init__()
        check_sizes(d_model=width, enc_layers=layers, enc_heads=heads, enc_ff=feed)
        check_dropout(enc_dropout=dropout)
        check_heads(width, heads)
        check_padding(concat, pad_type, positions)
        self.width, self.concat, self.positions = width, concat, positions
        self.pad_type, self.pad_encoder = pad_type, pad_encoder
        self.project, self.norm, self.dropout = (
            nn.Linear(inputs, width),
            nn.LayerNorm(width),
            nn.Dropout(dropout),
        )
        self.frames = _encoder(width, layers, heads, feed, dropout)
        if concat != "none" and pad_encoder == "own":
            self.padding = _encoder(width, layers, heads, feed, dropout)
        if concat != "none" and pad_type == "learned":
            self.pad = nn.Parameter(torch.randn(width) * NOISE)

    @property
    def size(self) -> int:
        """d_R, the width of a slot."""
        return 2 * self.width if self.concat == "channel" else self.width

    def frame_slots(self, slots: Tensor) -> Tensor:
        """Of something over all slots [..., M] what lies on the frames [..., N]."""
        return slots.chunk(2, -1)[0] if self.concat == "seq" else slots

    def forward(self, frames: Tensor, mask: Tensor) -> Context:
        """Frames [B, N, D] and which of them are real, at least one a clip."""
        positions = frames.new_zeros(())
        if self.positions:
            positions = sinusoids(torch.arange(frames.shape[1], device=frames.device), self.width).to(
                frames.dtype
            )
        embedded = self.dropout(self.norm(self.project(frames)))
        seen = self.frames(embedded + positions, src_key_padding_mask=~mask)
        real = mask.unsqueeze(-1)
        video = torch.where(real, seen, 0).sum(1) / real.sum(1)
        if self.concat == "none":
            return Context(seen, mask, video)
        # expanded before it is encoded, so that dropout differs from clip to clip
        padding = self._encode_padding(self._padding(embedded) + positions, mask)
        if self.concat == "channel":
            return Context(torch.cat([seen, padding], -1), mask, video)
        return Context(torch.cat([seen, padding], 1), torch.cat([mask, mask], 1), video)

    def _padding(self, like: Tensor) -> Tensor:
        """Z, of the video's length."""
        if self.pad_type == "learned":
            return self.pad.expand_as(like)
        if self.pad_type == "noise" and self.training:
            return torch.randn_like(like) * NOISE
        return torch.zeros_like(like)

    def _encode_padding(self, padding: Tensor, mask: Tensor) -> Tensor:
        """P; the mask takes away what lies beyond the video's length, never the padding tokens themselves."""
        if self.pad_encoder == "identity":
            return padding
        encoder = self.padding if self.pad_encoder == "own" else self.frames
        encoded: Tensor = encoder(padding, src_key_padding_mask=~mask)
        return encoded


def _encoder(width: int, layers: int, heads: int, feed: int, dropout: float) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(width, heads, feed, dropout, batch_first=True)
    # the nested-tensor path shortens padded tails, and V and P must keep the length of the video
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
