"""What the training loop needs of the runner that it runs on."""

from __future__ import annotations

from typing import Protocol

import torch

from vidcap_core.engine.mm import OptimWrapper
from vidcap_core.engine.training import Training


class Ground(Protocol):
    """A runner, as the loop sees it."""

    training: Training
    model: torch.nn.Module
    optim_wrapper: OptimWrapper

    def wrap_phase(self, model: torch.nn.Module) -> torch.nn.Module:
        """The captioner as a phase trains it, over all processes."""
        ...

    def call_hook(self, fn_name: str, **arguments: object) -> None:
        """Call a method of all hooks."""
        ...
