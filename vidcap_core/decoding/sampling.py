"""Chance that belongs to a clip and not to its place in a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vidcap_core.contracts.generate_settings import GenerateSettings


def uniforms(
    settings: GenerateSettings,
    clips: int,
    generator: torch.Generator | None,
    keys: Sequence[str | int] | None,
) -> Tensor:
    """Numbers in [0, 1), one a word, in float32: [clips * n_best, max_length]."""
    draws, words = settings.n_best, settings.max_length
    if generator is not None:
        shape = (clips * draws, words)
        return torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64).float()
    names = range(clips) if keys is None else keys
    if len(names) != clips:
        raise ValueError(f"{len(names)} keys for {clips} rows")
    table = np.empty((clips, draws, words))
    for row, name in enumerate(names):
        key = int.from_bytes(hashlib.sha256(str(name).encode()).digest()[:8], "big")
        for draw in range(draws):  # own sequence: a longer max_length or more draws change none of the others
            table[row, draw] = np.random.default_rng([settings.seed, key, draw]).random(words)
    return torch.from_numpy(table.reshape(clips * draws, words)).float()


def draw(log_probs: Tensor, uniform: Tensor, settings: GenerateSettings) -> Tensor:
    """One word a row by inverse transform: the first whose cumulated probability exceeds the row's number."""
    scores = log_probs / settings.temperature
    order: Tensor | None = None
    if settings.top_k is not None and settings.top_k < scores.shape[1]:
        scores, order = scores.topk(settings.top_k, -1)
    elif settings.top_p is not None:
        scores, order = scores.sort(stable=True, dim=-1, descending=True)
    probs = scores.float().softmax(-1)  # many devices have no float64
    if settings.top_p is not None:
        before = probs.cumsum(-1) - probs
        probs = probs.masked_fill(before >= settings.top_p, 0.0)
    cumulated = probs.cumsum(-1)
    whole = cumulated[:, -1:]
    last = (cumulated < whole).sum(-1, keepdim=True)  # beyond it no word has a probability
    index = torch.searchsorted(cumulated, uniform[:, None] * whole, right=True).minimum(last)
    return (index if order is None else order.gather(1, index)).squeeze(1)
