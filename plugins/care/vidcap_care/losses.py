"""The loss of NACF's lengths; words and concepts use the core's losses."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from vidcap_core.api import Batch, Loss, Output, output_with_target


class LengthLoss(Loss):
    """KL(q | p) = sum_L q_L (log q_L - log p_L), with q the lengths of the clip's captions.

    reduce: "clip" is the mean over clips; "class" that over clips and lengths, as NACF's own repository has it.
    """

    reads = frozenset({"length"})

    def __init__(self, *, reduce: Literal["clip", "class"] = "clip") -> None:
        super().__init__()
        self.reduce = reduce

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum, and the number of clips or of lengths."""
        logs, target, _ = output_with_target(output, "length", "LengthLoss")
        each = torch.xlogy(target, target) - target * logs
        count = len(each) if self.reduce == "clip" else each.numel()
        return each.sum(), each.new_tensor(float(count))
