"""Losses of steps that nobody has read yet: they lie on the device, and the host waits for many of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from vidcap_core.engine.update import Losses, read


class UnreadLosses:
    """The updates of each step since the last reading."""

    def __init__(self) -> None:
        self._steps: list[Sequence[Losses]] = []

    def add(self, updates: Sequence[Losses]) -> None:
        """Those of one step."""
        self._steps.append(updates)

    def read(self) -> list[dict[str, float]]:
        """The losses of each step; one that is not finite ends the run."""
        steps, self._steps = self._steps, []
        numbers = iter(read([losses for step in steps for losses in step]))
        return [{name: value for _ in step for name, value in next(numbers).items()} for step in steps]
