"""The joint loss of the branches with its optional price of attention, and how many frames attention spreads over."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from vidcap_core.api import Batch, Loss, Output, at_least, output_with_target

BRANCHES = ("visual", "language", "joint")
TINY = 1e-9
IGNORED = -100


class BranchLoss(Loss):
    """L = mean over branches of CE(o^k, w) + gamma * (mean over branches and words of H(alpha) / ln N).

    loss_mode: "joint" is the mean of the branches' cross-entropies; "fused_nll" is -log of the fused p(w).
    sparse_loss_weight: gamma, the price of attention that spreads over many frames; 0 is no such term.
    """

    def __init__(
        self, *, loss_mode: Literal["joint", "fused_nll"] = "joint", sparse_loss_weight: float = 0.0
    ) -> None:
        super().__init__()
        at_least(0, sparse_loss_weight=sparse_loss_weight)
        self.loss_mode, self.sparse_loss_weight = loss_mode, sparse_loss_weight
        output = "branches" if loss_mode == "joint" else "tokens"
        self.reads = frozenset({output, "attention"} if sparse_loss_weight else {output})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over words, and the number of words."""
        if self.loss_mode == "joint":
            pairs = [
                output_with_target(output, name, "BranchLoss")[:2] for name in BRANCHES if name in output
            ]
            sums = [cross_entropy(logits.float(), target, reduction="sum") for logits, target in pairs]
            total = torch.stack(sums).mean()
            count = total.detach().new_full((), len(pairs[0][0]))
        else:
            logits, target, mask = output_with_target(output, "tokens", "BranchLoss")
            assert mask is not None
            counted = target.masked_fill(~mask, IGNORED).flatten()
            total = cross_entropy(
                logits.flatten(0, -2).float(), counted, reduction="sum", ignore_index=IGNORED
            )
            count = mask.sum()
        if self.sparse_loss_weight:
            spread, frames, mask = _spread(output)
            price = (spread / frames.clamp_min(2).log()).mean(-1)
            total = total + self.sparse_loss_weight * torch.where(mask, price, 0).sum()
        return total, count.float()


class EffectiveFrames(Loss):
    """exp(H(alpha)), the number of frames that attention spreads over: a number to watch, never a gradient.

    Give it `scale=0`, so that it is written down without being part of what is minimised.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads = frozenset({"attention"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over words of the mean over branches, and the number of words."""
        spread, _, mask = _spread(output)
        return torch.where(mask, spread.detach().exp().mean(-1), 0).sum(), mask.sum().float()


class FrameMass(Loss):
    """The attention that falls on frames; with vrc_concat="seq" the rest falls on padding. Only watched: `scale=0`."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = frozenset({"attention"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over words of the mean over branches, and the number of words."""
        weights, _, mask = output_with_target(output, "attention", "FrameMass")
        assert mask is not None
        mass = weights.detach().float().sum(-1).mean(-1)
        return torch.where(mask, mass, 0).sum(), mask.sum().float()


def _spread(output: Output) -> tuple[Tensor, Tensor, Tensor]:
    """H(alpha) at each word [R, L, branches], its clip's number of frames [R, 1, 1], and which words count [R, L]."""
    weights, frames, mask = output_with_target(output, "attention", "attention")
    assert mask is not None
    return entropy(weights.float()), frames.sum(1)[:, None, None].float(), mask


def entropy(weights: Tensor) -> Tensor:
    """H of weights over frames, made to sum to 1 first; a weight of 0 adds nothing, and has no gradient."""
    shares = weights / weights.sum(-1, keepdim=True).clamp_min(TINY)
    return -(shares * shares.clamp_min(TINY).log()).sum(-1)
