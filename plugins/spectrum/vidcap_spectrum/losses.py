"""The caption loss with more weight on words of emotion; the other losses are the core's."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from vidcap_core.api import Batch, Loss, Output, Tokenizer, output_with_target
from vidcap_spectrum.attributes import read_lexicon


class EmotionTokenLoss(Loss):
    """L = mean over captions of -sum_t a_t log p(w_t | w_<t), where a_t = weight for words of emotion, else 1.

    weight: of the words of the lexicon.
    lexicon: a file of another lexicon than the core's.
    """

    reads = frozenset({"tokens"})

    def __init__(self, *, tokenizer: Tokenizer, weight: float = 1.1, lexicon: str | None = None) -> None:
        super().__init__()
        factors = torch.ones(len(tokenizer))
        for word in read_lexicon(lexicon).words:
            ids = tokenizer.encode(word)
            if len(ids) == 1 and ids[0] != tokenizer.unknown_id:
                factors[ids[0]] = weight
        self.factors: Tensor
        self.register_buffer("factors", factors, persistent=False)

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over words, and the number of captions."""
        logits, target, mask = output_with_target(output, "tokens", "EmotionTokenLoss")
        assert mask is not None
        each = cross_entropy(logits.flatten(0, 1).float(), target.flatten(), reduction="none").view_as(target)
        return (each * self.factors[target] * mask).sum(), mask.any(1).sum().float()
