"""A map from a stream of pictures into the space of a text encoder, where no encoder knows both.

    m(x) = W (x - mean) / deviation + b,  learnt with InfoNCE: each clip against one caption of every clip.

Training clips must not be mapped by what was fitted to their own captions, or a head learns to trust a retrieval
that test clips never get: each clip has the map that was learnt without its fold; all others have the whole one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from vidcap_core.api import UserError


@dataclass(frozen=True)
class BridgeSettings:
    """folds: of cross-fitting; steps, rate, decay, temperature: of learning; dropout: of the pictures' features."""

    folds: int = 5
    steps: int = 300
    rate: float = 2e-3
    decay: float = 0.05
    dropout: float = 0.3
    temperature: float = 0.07
    seed: int = 0


@dataclass(frozen=True)
class Bridge:
    """Map f of `folds` + 1: the last one is learnt from all clips."""

    weight: Tensor  # [folds + 1, D_text, D]
    bias: Tensor  # [folds + 1, D_text]
    mean: Tensor  # [folds + 1, D]
    deviation: Tensor  # [folds + 1, D]

    def __call__(self, pooled: Tensor, fold: int) -> Tensor:
        """Pooled features [..., D] through the map that did not see `fold`; -1: the whole map."""
        x = (pooled - self.mean[fold]) / self.deviation[fold]
        return x @ self.weight[fold].T + self.bias[fold]

    def arrays(self) -> dict[str, Tensor]:
        """For assets."""
        return {f"bridge_{name}": value for name, value in vars(self).items()}

    @classmethod
    def of(cls, assets: Mapping[str, Any]) -> Bridge:
        """From assets."""
        return cls(*[torch.as_tensor(assets[f"bridge_{name}"]) for name in cls.__annotations__])


def fold_clips(clips: Sequence[str], groups: Mapping[str, str], folds: int, seed: int) -> list[int]:
    """The fold of each clip; clips of one group share it."""
    names = sorted({groups.get(clip, clip) for clip in clips})
    if len(names) < folds:
        raise UserError(
            f"{len(names)} clips cannot be divided into {folds} folds", hint="bridge.folds=2, or more clips"
        )
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    of = {names[index]: number % folds for number, index in enumerate(order)}
    return [of[groups.get(clip, clip)] for clip in clips]


def learn(
    pooled: Tensor, texts: Tensor, own: Sequence[Sequence[int]], fold: Sequence[int], settings: BridgeSettings
) -> Bridge:
    """pooled [N, D]; texts [U, D_text], of which clip n says those numbered own[n]; fold of each clip."""
    number = torch.tensor(fold)
    maps = [
        _fit(pooled, texts, own, (number != left).nonzero().flatten(), settings)
        for left in range(settings.folds)
    ]
    maps.append(_fit(pooled, texts, own, torch.arange(len(pooled)), settings))
    return Bridge(*[torch.stack(parts) for parts in zip(*maps, strict=True)])


def _fit(
    pooled: Tensor, texts: Tensor, own: Sequence[Sequence[int]], clips: Tensor, settings: BridgeSettings
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One map from some clips. Its random choices are its own: a run in the middle of an epoch must not notice."""
    random = torch.Generator().manual_seed(settings.seed)
    mean, deviation = pooled[clips].mean(0), pooled[clips].std(0).clamp_min(1e-4)
    x = (pooled[clips] - mean) / deviation
    targets = normalize(texts, dim=-1)
    width = x.shape[1]
    weight = torch.randn(texts.shape[1], width, generator=random) * width**-0.5
    bias = torch.zeros(texts.shape[1])
    says = [torch.tensor(own[int(clip)]) for clip in clips]
    same = torch.arange(len(x))
    with torch.enable_grad():
        weight.requires_grad_()
        bias.requires_grad_()
        optimizer = torch.optim.AdamW([weight, bias], lr=settings.rate, weight_decay=settings.decay)
        for _ in range(settings.steps):
            drawn = torch.rand(len(says), generator=random)
            chosen = torch.stack(
                [row[int(share * len(row))] for row, share in zip(says, drawn.tolist(), strict=True)]
            )
            keep = torch.rand(x.shape, generator=random) >= settings.dropout
            mapped = normalize((x * keep / (1 - settings.dropout)) @ weight.T + bias, dim=-1)
            scores = mapped @ targets[chosen].T / settings.temperature
            loss = cross_entropy(scores, same) + cross_entropy(scores.T, same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return weight.detach(), bias.detach(), mean, deviation
