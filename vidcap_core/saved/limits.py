"""How much a bundle may ask for while it is built: one number of its config can stand for all the memory there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from vidcap_core.errors import CheckpointError
from vidcap_core.files.memory import machine_memory

TENSORS = 50_000
"""of a model; the largest language models have a few thousand."""
SHARE = 0.75
"""of this machine's memory, for the weights of a model that is being built."""


def check_size(weights: Path) -> None:
    """Refuse a file of weights that this machine could not hold, before it is read."""
    if weights.stat().st_size > (most := int(SHARE * machine_memory())):
        raise CheckpointError(
            f"{weights} has more than {most / 2**30:.1f} GiB, {SHARE:.0%} of this machine's memory",
            hint="a machine with more memory, if the file is what it should be",
        )


@contextmanager
def bounded(source: str) -> Iterator[None]:
    """Meanwhile a model that grows beyond these is refused, before its weights are filled."""
    most = int(SHARE * machine_memory())
    count = size = 0

    def register(module: nn.Module, name: str, weight: nn.Parameter | None) -> None:
        nonlocal count, size
        if weight is None:
            return
        count, size = count + 1, size + weight.nelement() * weight.element_size()
        if count > TENSORS:
            raise CheckpointError(f"{source} asks for a model of more than {TENSORS:,} tensors")
        if size > most:
            raise CheckpointError(
                f"{source} asks for a model of more than {most / 2**30:.1f} GiB, {SHARE:.0%} of this machine's memory",
                hint="a machine with more memory, if the bundle is what it should be",
            )

    handle = register_module_parameter_registration_hook(register)
    try:
        yield
    finally:
        handle.remove()
