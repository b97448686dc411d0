"""The loss that keeps the learnt mask sparse."""

from __future__ import annotations

from torch import Tensor

from vidcap_core.api import Batch, Loss, Output, named_output


class SparsityLoss(Loss):
    """The mean of sigmoid(W) of the learnt mask, off its diagonal: the fewer ways are open, the smaller."""

    reads = frozenset({"sparsity"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Its sum over clips, which share one mask, and their number."""
        each = named_output(output, "sparsity", "SparsityLoss").value
        return each.sum(), each.new_tensor(float(len(each)))
