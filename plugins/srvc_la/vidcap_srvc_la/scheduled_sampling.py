"""Scheduled sampling: in training some words are heard as the model would say them, and not as they were written."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidcap_core.api import ConfigError


@dataclass(frozen=True, slots=True)
class ScheduledSampling:
    """Each previous word is drawn from the model with probability `share`, which grows from 0 over a phase.

    Bengio et al., https://arxiv.org/abs/1506.03099; nothing of it is differentiated.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(
                f"head.scheduled_sampling lies between 0 and 1, not {self.share}",
                hint="head.scheduled_sampling=0.25",
            )

    def heard(self, written: Tensor, scores: Tensor, progress: float | None) -> Tensor:
        """The words [R] that are heard next: written ones, or drawn from log-probabilities or logits [R, V]."""
        share = self.share * (1.0 if progress is None else progress)
        said = torch.multinomial(scores.detach().float().softmax(-1), 1)[:, 0]
        instead = torch.rand(written.shape, device=written.device) < share
        return torch.where(instead, said, written)
