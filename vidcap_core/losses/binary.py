"""Binary cross-entropy over several labels."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.loss import Loss, output_with_target
from vidcap_core.contracts.types import Batch


class BinaryLoss(Loss):
    """l_r = -sum_a y_a log p_a + (1 - y_a) log(1 - p_a) for row r, with p the sigmoid of the output.

    output: the output with logits [R, A] and 0/1 targets.
    per: "positive" is the mean over rows of l_r / max(1, positive labels of the row); "row" is the mean of l_r;
        "label" is the mean over all labels.
    clamp: p is kept within [clamp, 1 - clamp]; 0: not at all.
    """

    def __init__(
        self,
        *,
        output: str = "attributes",
        per: Literal["positive", "row", "label"] = "positive",
        clamp: float = 0.0,
    ) -> None:
        super().__init__()
        self.output, self.per, self.clamp = output, per, clamp
        self.reads = frozenset({output})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum, and the number of rows or labels that count."""
        logits, target, mask = output_with_target(output, self.output, "BinaryLoss")
        target = target.float()
        counts = torch.ones_like(target, dtype=torch.bool) if mask is None else mask.bool()
        if counts.dim() < target.dim():
            counts = counts[..., None].expand_as(target)
        if self.clamp:
            probability = logits.float().sigmoid().clamp(self.clamp, 1 - self.clamp)
            each = binary_cross_entropy(probability, target, reduction="none")
        else:
            each = binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
        rows = torch.where(counts, each, 0).sum(-1)
        if self.per == "label":
            return rows.sum(), counts.sum().float()
        if self.per == "positive":
            rows = rows / (target * counts).sum(-1).clamp_min(1)
        return rows.sum(), counts.any(-1).sum().float()
