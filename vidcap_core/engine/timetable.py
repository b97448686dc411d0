"""How long each phase is, in batches, steps and epochs, and the learning rate at each step of it."""

from __future__ import annotations

from collections.abc import Sequence

from vidcap_core.config.recipe import Phase
from vidcap_core.contracts.dataset import is_stream
from vidcap_core.engine import mm
from vidcap_core.engine.data import Order
from vidcap_core.engine.lanes import LaneOrder
from vidcap_core.engine.schedule import multiplier
from vidcap_core.engine.state import Progress
from vidcap_core.engine.training import Training


class Timetable:
    """The plan of a run: one order of batches, one number of steps, one schedule a phase."""

    def __init__(self, training: Training, phases: Sequence[Phase]) -> None:
        self.training, self.phases = training, phases
        self.orders = [self._order(index, phase) for index, phase in enumerate(phases)]

    def per_epoch(self, index: int) -> int:
        """Steps an epoch; the last one of an epoch may have fewer batches."""
        return -(-self.orders[index].batches // self.phases[index].accumulate)

    def steps(self, index: int) -> int:
        """Steps of a phase."""
        phase = self.phases[index]
        return phase.steps if phase.steps is not None else (phase.epochs or 0) * self.per_epoch(index)

    def epochs_before(self, index: int) -> int:
        """Epochs of the phases before one, begun ones counted whole."""
        return sum(-(-self.steps(i) // self.per_epoch(i)) for i in range(index))

    @property
    def total(self) -> int:
        """Steps of the run."""
        return sum(self.steps(index) for index in range(len(self.phases)))

    def factor(self, progress: Progress) -> float:
        """What the base rate is multiplied by at the next step."""
        index = progress.phase
        schedule = self.phases[index].schedule
        if schedule.span == "run":
            return multiplier(schedule, progress.step, self.total, self.per_epoch(index))
        return multiplier(schedule, progress.phase_step, self.steps(index), self.per_epoch(index))

    def _order(self, index: int, phase: Phase) -> Order | LaneOrder:
        dataset, seed = self.training.dataset(phase), (self.training.recipe.seed, index)
        if is_stream(dataset):
            return LaneOrder(dataset, phase.batch, seed, mm.rank(), mm.world_size())
        return Order(len(dataset), phase.batch, seed, mm.rank(), mm.world_size())
