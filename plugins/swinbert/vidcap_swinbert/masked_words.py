"""Masked language modelling: which words of a caption are hidden, and what stands in their place."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class MaskedWords(NamedTuple):
    """tokens [B, L] as they are given; of M positions [B, M] which, the word that is wanted there, and if it counts."""

    tokens: Tensor
    positions: Tensor
    wanted: Tensor
    counts: Tensor


def mask_words(tokens: Tensor, real: Tensor, mask_id: int, size: int, share: float, most: int) -> MaskedWords:
    """n = min(most, max(1, round(share * length))) words of each caption, never the first token; maybe the last.

    Of those 80 % become the mask, 10 % a random word, 10 % stay.
    """
    lengths = real.sum(1)
    least = torch.ones_like(lengths)
    count = (share * lengths.float()).round().long().clamp_max(most).maximum(least).minimum(lengths - 1)
    room = min(most, max(1, round(share * tokens.shape[1])), max(1, tokens.shape[1] - 1))
    open_ = real.clone()
    open_[:, 0] = False
    order = torch.rand(tokens.shape, device=tokens.device).masked_fill(~open_, 2.0)
    index = order.argsort(1)[:, :room]
    counts = torch.arange(room, device=tokens.device) < count[:, None]
    wanted = tokens.gather(1, index)
    draw = torch.rand(index.shape, device=tokens.device)
    other = torch.randint(size, index.shape, device=tokens.device)
    given = torch.where(draw < 0.8, mask_id, torch.where(draw < 0.9, other, wanted))
    given = torch.where(counts, given, wanted)
    return MaskedWords(tokens.scatter(1, index, given), index, wanted, counts)
