"""Scores to attention weights: softmax, and two projections onto the simplex that give exact zeros.

softmax    argmax_p  p.z + H(p)
sparsemax  argmax_p  p.z - |p|^2 / 2                      (Martins and Astudillo, ICML 2016)
entmax15   argmax_p  p.z + (4/3) sum_i (p_i - p_i^1.5)    (Peters, Niculae and Martins, ACL 2019)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

OUTSIDE = -2.0
"""Below every threshold once the largest score is 0: such a slot gets weight 0 and no gradient."""


def softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """exp(z_i) / sum_j exp(z_j) over the slots where mask is True; 0 elsewhere."""
    return scores.masked_fill(~mask, -torch.inf).softmax(-1)


def sparsemax(scores: Tensor, mask: Tensor) -> Tensor:
    """[z_i - tau]_+, with tau such that the weights sum to 1."""
    weights: Tensor = _Sparsemax.apply(_centred(scores, mask))
    return weights


def entmax15(scores: Tensor, mask: Tensor) -> Tensor:
    """[z_i / 2 - tau]_+^2, with tau such that the weights sum to 1."""
    weights: Tensor = _Entmax15.apply(_centred(scores, mask, 0.5))
    return weights


NORMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "softmax": softmax,
    "sparsemax": sparsemax,
    "entmax15": entmax15,
}


def _centred(scores: Tensor, mask: Tensor, scale: float = 1.0) -> Tensor:
    """Scores whose largest real one is 0; a common shift changes no weight, so it carries no gradient."""
    if scores.dtype.itemsize < 4:  # sums of sorted bfloat16 scores would not tell the support
        scores = scores.float()
    top = scores.detach().masked_fill(~mask, -torch.inf).amax(-1, keepdim=True)
    return ((scores - top) * scale).masked_fill(~mask, OUTSIDE)


class _Sparsemax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        """The support is the largest k with 1 + k z_(k) > z_(1) + ... + z_(k)."""
        ordered = scores.sort(-1, descending=True).values
        count = torch.arange(1, scores.shape[-1] + 1, device=scores.device, dtype=scores.dtype)
        sums = ordered.cumsum(-1)
        support = (1 + count * ordered > sums).sum(-1, keepdim=True)
        threshold = (sums.gather(-1, support - 1) - 1) / support
        weights = (scores - threshold).clamp_min(0)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """On the support the gradient minus its mean there, else 0."""
        (weights,) = ctx.saved_tensors
        support = weights > 0
        mean = torch.where(support, grad, 0).sum(-1, keepdim=True) / support.sum(-1, keepdim=True)
        return torch.where(support, grad - mean, 0)


class _Entmax15(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, halves: Tensor) -> Tensor:
        """With m and s the mean and the sum of squared deviations of the k largest halved scores,
        k (m - tau)^2 + s = 1; k is the largest number whose tau lies below its own score."""
        ordered = halves.sort(-1, descending=True).values
        count = torch.arange(1, halves.shape[-1] + 1, device=halves.device, dtype=halves.dtype)
        mean = ordered.cumsum(-1) / count
        spread = (ordered.square().cumsum(-1) - count * mean.square()).clamp_min(0)
        threshold = mean - ((1 - spread) / count).clamp_min(0).sqrt()
        support = (threshold <= ordered).sum(-1, keepdim=True)
        roots = (halves - threshold.gather(-1, support - 1)).clamp_min(0)
        ctx.save_for_backward(roots)
        return roots.square()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """d p / d (z/2) = 2 (diag(r) - r r^T / sum r), with r = sqrt(p)."""
        (roots,) = ctx.saved_tensors
        pulled = grad * roots
        share = pulled.sum(-1, keepdim=True) / roots.sum(-1, keepdim=True)
        pushed: Tensor = 2 * (pulled - share * roots)
        return pushed
