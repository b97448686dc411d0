"""What the decoder holds: once a clip, and from word to word."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vidcap_srvc_la.attention import LatentAttention, MeanContext
from vidcap_srvc_la.branch import Cell
from vidcap_srvc_la.visual_context import Context


class Memory(NamedTuple):
    """What is computed once a clip."""

    context: Context
    keys: tuple[Tensor, ...]  # of each branch that looks at the context, [B, M, a]
    gates: tuple[Tensor, ...]  # of each branch, [B, 4H]


class WordHistory(NamedTuple):
    """The words so far, for a language branch that looks at them."""

    values: Tensor  # [R, t, E]
    keys: Tensor  # [R, t, a]
    mask: Tensor  # [R, t]

    def then(self, look: LatentAttention | MeanContext, embedded: Tensor, real: Tensor) -> WordHistory:
        """With one word more, [R, 1, E] and [R, 1]."""
        new = (embedded, look.keys(embedded), real)
        return WordHistory(*(torch.cat([old, added], 1) for old, added in zip(self, new, strict=True)))


class State(NamedTuple):
    """What changes from word to word."""

    cells: tuple[Cell, ...]
    history: WordHistory | None
