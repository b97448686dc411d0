"""Where a run stands, as hooks of mmengine ask for it: runner.iter, runner.epoch, ..."""

from __future__ import annotations

from vidcap_core.config.recipe import Phase
from vidcap_core.engine import mm
from vidcap_core.engine.state import Progress
from vidcap_core.engine.timetable import Timetable


class Standing(mm.BaseLoop):  # type: ignore[misc]
    """A loop over phases that has got somewhere."""

    phases: tuple[Phase, ...]
    progress: Progress
    table: Timetable

    @property
    def iter(self) -> int:
        """Steps done."""
        return self.progress.step

    @property
    def epoch(self) -> int:
        """Epochs done, over all phases."""
        return self.table.epochs_before(self.progress.phase) + self.progress.epoch

    @property
    def max_iters(self) -> int:
        """Steps of the run."""
        return self.table.total

    @property
    def max_epochs(self) -> int:
        """Epochs of the run."""
        return self.table.epochs_before(len(self.phases))
