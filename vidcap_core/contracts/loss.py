"""The loss contract: named outputs in, (sum, weight) out."""

from __future__ import annotations

from torch import Tensor, nn

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.head import Output
from vidcap_core.contracts.types import Batch, Named
from vidcap_core.errors import UserError


class Loss(nn.Module):
    """loss = sum / weight. The engine adds both over processes and accumulated batches before it divides."""

    reads: frozenset[str] = frozenset()
    """Names of the outputs that a head must give."""
    gathers: bool = False
    """Whether it looks at the batches of all processes at once; it cannot see accumulated ones."""
    writes: frozenset[str] = frozenset()
    """Modes ("greedy", "beam", "sample") that it has texts written in, which the head must know."""

    def fit(self, dataset: Dataset) -> None:
        """Learn from the training set what it needs, once before a run; the default needs nothing."""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum and weight of one batch. One that learns from texts has them written and scored by `output.writer`."""
        raise NotImplementedError


def named_output(output: Output, name: str, loss: str) -> Named:
    """An output by name."""
    if name not in output:
        raise UserError(
            f"{loss} reads the output '{name}', the head gave {', '.join(sorted(output)) or 'none'}"
        )
    return output[name]


def output_with_target(output: Output, name: str, loss: str) -> tuple[Tensor, Tensor, Tensor | None]:
    """Value, target and mask of an output that must have a target."""
    named = named_output(output, name, loss)
    if named.target is None:
        raise UserError(f"{loss}: the output '{name}' has no target in this batch")
    return named.value, named.target, named.mask
