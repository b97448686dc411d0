"""Averaged weights: `runtime.ema`."""

from __future__ import annotations

from vidcap_core.engine.mm import ExponentialMovingAverage
from vidcap_core.engine.training import Training
from vidcap_core.errors import UserError


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
