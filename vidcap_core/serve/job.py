"""One video to caption, from its upload to its result."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["waiting", "working", "done", "failed"]
STEPS = ("starting", "reading", "captioning", "drawing")
"""What a worker does of a job, in this order."""


@dataclass(slots=True)
class Job:
    """What is known of it; a worker's thread writes, requests read."""

    name: str
    model: str
    path: Path
    duration: float
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "waiting"
    step: str = ""
    began: float | None = None
    ended: float | None = None
    result: Mapping[str, Any] | None = None
    """of a done job: `caption`, `files` and `drawing`, as the worker made them"""
    problem: Mapping[str, str] | None = None
    """of a failed one: `what` and `hint`"""

    @property
    def progress(self) -> float:
        """Share of the steps that are behind it."""
        if self.state in ("done", "failed"):
            return 1.0
        return STEPS.index(self.step) / len(STEPS) if self.step in STEPS else 0.0

    def start(self) -> None:
        """A worker has taken it."""
        self.began, self.state, self.step = time.monotonic(), "working", STEPS[0]

    def finish(self, result: Mapping[str, Any]) -> None:
        """It is captioned."""
        self.result, self.ended, self.state, self.step = result, time.monotonic(), "done", ""

    def fail(self, what: str, hint: str) -> None:
        """It cannot be captioned."""
        self.problem, self.ended = {"what": what, "hint": hint}, time.monotonic()
        self.state, self.step = "failed", ""
