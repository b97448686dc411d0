"""Learning rates as a function of the position in training, so that a resumed run needs no state for them."""

from __future__ import annotations

import math
from typing import Any

from vidcap_core.config.schema import Schedule


def multiplier(schedule: Schedule, step: int, steps: int, steps_per_epoch: int) -> float:
    """The factor on the base rate at a step of a span of `steps`.

    linear: 1 -> floor; cosine: floor + (1 - floor) (1 + cos(pi t)) / 2; exponential: gamma^u;
    inverse_time: 1 / (1 + delta u), with u in steps or epochs, and t the share of the span after warm-up.
    """
    warmup = schedule.warmup if schedule.warmup >= 1 else schedule.warmup * steps
    if step < warmup:
        return (step + 1) / (warmup + 1)
    unit = step // max(1, steps_per_epoch) if schedule.unit == "epoch" else step - math.ceil(warmup)
    if schedule.type == "exponential":
        return float(schedule.gamma**unit)
    if schedule.type == "inverse_time":
        return 1.0 / (1.0 + schedule.delta * unit)
    if schedule.unit == "epoch":
        step = unit * steps_per_epoch
    share = min(1.0, max(0.0, (step - warmup) / max(1.0, steps - warmup)))
    if schedule.type == "linear":
        return 1.0 - (1.0 - schedule.floor) * share
    if schedule.type == "cosine":
        return schedule.floor + (1.0 - schedule.floor) * (1.0 + math.cos(math.pi * share)) / 2.0
    return 1.0


def better(score: float | None, than: float | None, greater: bool) -> bool:
    """Whether a score is better than another one; the first one is, and none never."""
    if score is None or than is None:
        return score is not None
    return score > than if greater else score < than


class Plateau:
    """Lowers the rate by `factor` when `patience` evaluations in a row bring no better score."""

    def __init__(self, schedule: Schedule, greater: bool) -> None:
        self.schedule, self.greater = schedule, greater
        self.scale, self.best, self.waited = 1.0, None, 0  # type: float, float | None, int

    def see(self, score: float) -> None:
        """Take note of a score."""
        if better(score, self.best, self.greater):
            self.best, self.waited = score, 0
            return
        self.waited += 1
        if self.waited >= self.schedule.patience:
            self.scale, self.waited = self.scale * self.schedule.factor, 0

    def state(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {"scale": self.scale, "best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.scale, self.best, self.waited = state["scale"], state["best"], state["waited"]
