"""Words that may not come next."""

from __future__ import annotations

import torch
from torch import Tensor

from vidcap_core.contracts.generate_settings import GenerateSettings

NOTHING = -1
"""Stands in a history where there is no word; it matches no n-gram."""


def ban(log_probs: Tensor, history: Tensor, length: int, settings: GenerateSettings, eos: int) -> None:
    """Set log_probs [R, V] to -inf, in place, for words that may not follow history [R, P + length]."""
    if length < settings.min_length:
        log_probs[:, eos] = -torch.inf
    size = settings.no_repeat_ngram
    if size and history.shape[1] >= size:
        grams = history.unfold(1, size, 1)  # [R, N, size]
        last = history[:, history.shape[1] - size + 1 :]
        match = (grams[..., :-1] == last[:, None]).all(-1) & (grams != NOTHING).all(-1)
        limit = torch.where(match, -torch.inf, torch.inf).to(log_probs.dtype)
        log_probs.scatter_reduce_(1, grams[..., -1].clamp_min(0), limit, "amin")
