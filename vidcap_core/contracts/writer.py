"""What a loss that learns from texts asks of the captioner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from vidcap_core.contracts.hypotheses import Hyp, Rows


class Writer(Protocol):
    """Has texts written for the clips of a batch, and scores texts with gradients: `output.writer` in a loss.

    Each text that it gives has its `text`. Texts are written without gradients and in eval mode; chance is torch's
    own, so that it differs from step to step and a checkpoint restores it.
    """

    def write(self, **changes: Any) -> Rows:
        """The texts of each clip, best first, as `generate` of the config says; changes: other values of its keys."""
        ...

    def sample(self, count: int, *, temperature: float = 1.0, max_length: int | None = None) -> Rows:
        """`count` texts of each clip from the probabilities that are trained: no word is banned, nothing cut off."""
        ...

    def log_probs(self, texts: Sequence[Hyp]) -> tuple[Tensor, Tensor]:
        """Log-probabilities [B, L] of the words of one text a clip, 0 beyond its end, and which words are real."""
        ...
