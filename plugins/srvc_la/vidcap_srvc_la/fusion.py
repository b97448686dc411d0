"""Two distributions over words to one, from their log-probabilities."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Fusion = Literal["prob_avg", "logprob_avg", "concat_hidden"]


def fuse(visual: Tensor, language: Tensor, how: Fusion, share: float) -> Tensor:
    """log(s p^v + (1 - s) p^l), or s log p^v + (1 - s) log p^l made to sum to 1."""
    if how == "logprob_avg":
        return (share * visual + (1 - share) * language).log_softmax(-1)
    if share in (0, 1):
        return visual if share else language
    return torch.logaddexp(visual + math.log(share), language + math.log1p(-share))
