"""Averaged weights: `runtime.ema`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from vidcap_core.engine.mm import ExponentialMovingAverage
from vidcap_core.engine.training import Training
from vidcap_core.errors import UserError
from vidcap_core.saved import base

PREFIX = "module."
"""Before the names of the captioner's weights."""


def average_of(training: Training) -> ExponentialMovingAverage | None:
    """An average that starts at the captioner's weights; None where the config wants none."""
    decay = training.runtime.ema
    if decay is None:
        return None
    if training.runtime.strategy == "fsdp":
        raise UserError("runtime.ema does not work with strategy='fsdp'", hint="--set runtime.ema=None")
    if not 0.5 <= decay < 1:
        raise UserError(f"runtime.ema is the decay of the averaged weights, such as 0.999, not {decay}")
    return ExponentialMovingAverage(training.captioner, momentum=1 - decay)


def state_of(average: ExponentialMovingAverage | None, left_out: base.Base) -> dict[str, Tensor] | None:
    """What a checkpoint holds of it."""
    return None if average is None else base.without(average.state_dict(), left_out, PREFIX)


def restore(
    average: ExponentialMovingAverage | None, state: Mapping[str, Tensor] | None, left_out: base.Base
) -> None:
    """Go on from what a checkpoint held, if both are there."""
    if average is not None and state is not None:
        average.load_state_dict(base.within(average.state_dict(), state, left_out, PREFIX))
