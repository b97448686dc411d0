"""Which video tokens may attend to which: learnt, soft or hard, or all to all."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BLOCKED = -10000.0
"""Added to the score of a token that may not be seen at all."""


class VideoMask(nn.Module):
    """M = I + (1 - I) sigmoid(W); hard: M >= 0.5. What M leaves open of 1 costs (1 - M) * -10000 in attention."""

    def __init__(self, tokens: int, hard: bool) -> None:
        super().__init__()
        self.hard = hard
        self.weight = nn.Parameter(torch.randn(tokens, tokens))
        self.register_buffer("itself", torch.eye(tokens), persistent=False)

    itself: Tensor

    def open(self) -> Tensor:
        """M [N, N]: how open the way from one token (row) to another is."""
        soft = self.weight.float().sigmoid()
        return torch.lerp((soft >= 0.5).float() if self.hard else soft, torch.ones_like(soft), self.itself)

    def bias(self) -> Tensor:
        """What is added to scores of attention [N, N]."""
        return (1 - self.open()) * BLOCKED

    def density(self) -> Tensor:
        """The mean of sigmoid(W) off the diagonal, over all N * N: what SparsityLoss makes small."""
        return (self.weight.float().sigmoid() * (1 - self.itself)).mean()
