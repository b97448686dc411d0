"""What the decoder holds: once a clip, and from word to word."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from vidcap_srvc_la.branch import Cell
from vidcap_srvc_la.context import Context


class Memory(NamedTuple):
    """What is computed once a clip."""

    context: Context
    keys: tuple[Tensor, ...]  # of each branch that looks at the context, [B, M, a]
    gates: tuple[Tensor, ...]  # of each branch, [B, 4H]


class Said(NamedTuple):
    """The words so far, for a language branch that looks at them."""

    values: Tensor  # [R, t, E]
    keys: Tensor  # [R, t, a]
    mask: Tensor  # [R, t]


class State(NamedTuple):
    """What changes from word to word."""

    cells: tuple[Cell, ...]
    said: Said | None
