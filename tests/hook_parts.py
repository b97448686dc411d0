"""A hook of one's own, as a config names it by its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.hooks import Hook


class Notes(Hook):  # type: ignore[misc]
    """Writes a line for each stage that it is called at: the stage, the steps and the epochs done."""

    def __init__(self, path: str, name: str = "") -> None:
        self.path, self.name = Path(path), name

    def note(self, runner: Any, what: str) -> None:
        """One line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(
                f"{self.name}{what} {runner.iter}/{runner.max_iters} {runner.epoch}/{runner.max_epochs}\n"
            )

    def before_run(self, runner: Any) -> None:
        """Before everything."""
        self.note(runner, "run")

    def before_train_epoch(self, runner: Any) -> None:
        """Before an epoch."""
        self.note(runner, "epoch")

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """After a step."""
        assert outputs["tokens"] > 0
        assert sum(len(batch) for batch in data_batch) == 4
        self.note(runner, f"batch {batch_idx}")

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """After the split was scored."""
        self.note(runner, f"scored {', '.join(metrics or {})}")

    def after_run(self, runner: Any) -> None:
        """After everything."""
        self.note(runner, "end")
