"""Where a run stands, as plain data and tensors: all that an exact continuation needs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch


@dataclass(slots=True)
class Progress:
    """The position of a run."""

    phase: int = 0
    epoch: int = 0  # within the phase
    position: int = 0  # batches done in the epoch
    phase_step: int = 0  # updates done in the phase
    step: int = 0  # updates done in the run
    optimizer_phase: int = 0  # the phase that made the optimiser in use
    best: float | None = None
    best_step: int | None = None
    phase_best: float | None = None
    waited: int = 0  # evaluations without a better score, in this phase
    closed: bool = True  # whether what follows an epoch (scores, best weights) is done
    done: bool = False

    def state(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def random_state() -> dict[str, Any]:
    """The states of torch's, NumPy's and Python's generators, as tensors and plain values."""
    kind, keys, position, has_gauss, cached = np.random.get_state()
    version, internal, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,  # of this process's GPU
        "numpy": [
            str(kind),
            torch.from_numpy(np.asarray(keys, dtype=np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
        "python": [version, list(internal), gauss],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Go on from a recorded state."""
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"].cpu())
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))


def restore_random(states: Sequence[dict[str, Any]], rank: int, world: int) -> str | None:
    """Go on from what each process recorded; where there were more or fewer of them, why it is not bit for bit."""
    if len(states) != world:
        return f"resumed with another number of processes than {len(states)}: not bit for bit"
    set_random_state(states[rank])
    return None
