"""How long each phase is, in batches, steps and epochs, and the learning rate at each step of it."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine import dist

from vidcap_core.config.schema import Phase, Schedule
from vidcap_core.engine.data import Order
from vidcap_core.engine.schedule import multiplier
from vidcap_core.engine.state import Progress
from vidcap_core.engine.training import Training


class Timetable:
    """The plan of a run: one order of batches, one number of steps, one schedule a phase."""

    def __init__(self, run: Training, phases: Sequence[Phase]) -> None:
        self.run, self.phases = run, phases
        self.orders = [self._order(index, phase) for index, phase in enumerate(phases)]

    def accumulate(self, index: int) -> int:
        """Batches an update."""
        return self.phases[index].accumulate or self.run.runtime.accumulate

    def per_epoch(self, index: int) -> int:
        """Steps an epoch; the last one of an epoch may have fewer batches."""
        return -(-self.orders[index].batches // self.accumulate(index))

    def steps(self, index: int) -> int:
        """Steps of a phase."""
        phase = self.phases[index]
        return phase.steps if phase.steps is not None else (phase.epochs or 0) * self.per_epoch(index)

    @property
    def total(self) -> int:
        """Steps of the run."""
        return sum(self.steps(index) for index in range(len(self.phases)))

    def schedule(self, index: int) -> Schedule:
        """The phase's own schedule, or the config's."""
        own = self.phases[index].schedule
        return Schedule(**(own if own is not None else self.run.config.get("schedule", {})))

    def factor(self, progress: Progress) -> float:
        """What the base rate is multiplied by at the next step."""
        index = progress.phase
        schedule = self.schedule(index)
        if schedule.span == "run":
            return multiplier(schedule, progress.step, self.total, self.per_epoch(index))
        return multiplier(schedule, progress.phase_step, self.steps(index), self.per_epoch(index))

    def _order(self, index: int, phase: Phase) -> Order:
        size, batch = len(self.run.dataset(phase)), phase.batch or self.run.runtime.batch
        return Order(size, batch, (self.run.seed, index), dist.get_rank(), dist.get_world_size())
