"""Cross-entropy of the next word."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import cross_entropy

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.loss import Loss, output_with_target
from vidcap_core.contracts.types import Batch


class TokenLoss(Loss):
    """-sum_t log p(w_t | w_<t), over the words that count.

    output: the output with word logits.
    smoothing: share of the probability that is spread over all words.
    reduce: "token" is the mean over words; "clip" sums over the words of a row and is the mean over rows.
    """

    def __init__(
        self,
        *,
        output: str = "tokens",
        smoothing: float = 0.0,
        reduce: Literal["token", "clip"] = "token",
    ) -> None:
        super().__init__()
        self.output, self.smoothing, self.reduce = output, smoothing, reduce
        self.reads = frozenset({output})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over words, and the number of words or of rows that have any."""
        logits, target, mask = output_with_target(output, self.output, "TokenLoss")
        if mask is None:
            mask = target >= 0
        counted = target.masked_fill(~mask.bool(), -100)
        total = cross_entropy(
            logits.flatten(0, -2).float(),
            counted.flatten(),
            ignore_index=-100,
            reduction="sum",
            label_smoothing=self.smoothing,
        )
        weight = mask.sum() if self.reduce == "token" else mask.flatten(1).any(1).sum()
        return total, weight.float()
