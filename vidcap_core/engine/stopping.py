"""A run that ends before its last step: its time is over, or the machine asks for it with SIGTERM."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from vidcap_core.engine import mm


class Stopping:
    """When to stop; all processes stop after the same step."""

    def __init__(self, minutes: float | None) -> None:
        self.minutes = minutes
        self.asked = False
        """Whether SIGTERM came; clusters send it some time before they kill."""
        self._started = time.monotonic()

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Inside, the first SIGTERM is heeded after the step it falls into; a second one interrupts."""
        if threading.current_thread() is not threading.main_thread():  # none other may ask for signals
            yield
            return
        before = signal.signal(signal.SIGTERM, self._take)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def due(self, exchange: bool) -> bool:
        """Whether to stop now. Several processes exchange what they know where all of them are asked to."""
        over = self.minutes is not None and time.monotonic() - self._started >= self.minutes * 60
        if mm.world_size() == 1:
            return over or self.asked
        if not exchange:  # clocks differ, and at each step it would cost all of them a wait
            return False
        known = mm.gather((over, self.asked))
        self.asked = any(asked for _, asked in known)
        return self.asked or any(over for over, _ in known)

    @property
    def why(self) -> str:
        """For people."""
        return "asked to end" if self.asked else f"{self.minutes} minutes are over"

    def interrupt_if_asked(self) -> None:
        """A run that was asked to end ends as an interrupted one; one whose time is over has done its part."""
        if self.asked:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
