"""One video to caption, from its upload to its result."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vidcap_core.serve.words import Words

State = Literal["waiting", "working", "done", "failed"]
Step = Literal["", "captioning", "drawing"]
"""What a worker does of a job, in this order."""


@dataclass(slots=True)
class Job:
    """What is known of it; a worker's thread writes, requests read."""

    name: str
    model: str
    path: Path
    duration: float
    every: str | None = None
    """seconds a caption, or "shots"; None: the whole video, or the events that the model detects"""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "waiting"
    step: Step = ""
    progress: float = 0.0
    began: float | None = None
    ended: float | None = None
    result: Mapping[str, Any] | None = None
    """of a done job: `caption`, `files` and `drawing`, as the worker made them"""
    problem: Mapping[str, str] | None = None
    """of a failed one: `what` and `hint`"""
    words: Words = field(default_factory=Words)
    """as they are being written"""

    def start(self) -> None:
        """A worker has taken it."""
        self.began, self.state, self.step = time.monotonic(), "working", "captioning"

    def move(self, step: Step, progress: float) -> None:
        """The worker tells how far it is."""
        self.step, self.progress = step, progress

    def finish(self, result: Mapping[str, Any]) -> None:
        """It is captioned."""
        self.result, self.ended, self.progress = result, time.monotonic(), 1.0
        self.state, self.step = "done", ""
        self.words.close()

    def fail(self, what: str, hint: str) -> None:
        """It cannot be captioned."""
        self.problem, self.ended = {"what": what, "hint": hint}, time.monotonic()
        self.state, self.step = "failed", ""
        self.words.close()
