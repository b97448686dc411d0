"""A hook that puts weights into a captioner before its first step: what `start_from` does, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

from vidcap_core.saved import checkpoint


class StartByHand(Hook):
    """Loads the weights of one checkpoint file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def before_train(self, runner: Any) -> None:
        """Once, before everything."""
        runner.model.load_state_dict(checkpoint.load(Path(self.path))["weights"])
