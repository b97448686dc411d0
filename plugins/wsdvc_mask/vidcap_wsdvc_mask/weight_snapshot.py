"""A copy of weights as they were at one moment, that can take their place for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters


class WeightSnapshot(nn.Module):
    """Room for a copy of so many weights; it travels with the module that it belongs to."""

    weights: Tensor
    there: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(size))
        self.register_buffer("there", torch.zeros((), dtype=torch.bool))
        self._known_there = False  # the host would wait for the buffer

    def _load_from_state_dict(self, *arguments: Any, **named: Any) -> None:
        super()._load_from_state_dict(*arguments, **named)
        self._known_there = False

    @property
    def kept(self) -> bool:
        """Whether weights are kept."""
        self._known_there = self._known_there or bool(self.there)
        return self._known_there

    @torch.no_grad()
    def keep(self, parameters: Sequence[nn.Parameter]) -> None:
        """Keep these weights, if none are kept yet."""
        if not self.kept:
            self.weights.copy_(parameters_to_vector(parameters))
            self.there.fill_(True)

    @contextmanager
    def instead_of(self, parameters: Sequence[nn.Parameter]) -> Iterator[None]:
        """Inside, the kept weights, if there are some; afterwards the present ones again."""
        if not self.kept:
            yield
            return
        present = parameters_to_vector(parameters).detach().clone()
        vector_to_parameters(self.weights, parameters)
        try:
            yield
        finally:
            vector_to_parameters(present, parameters)
