"""What is being written of a job: its worker's thread tells, and requests listen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter

QUIET = 10.0
"""Seconds after which a listener hears that there is nothing new, so that a connection that is gone is noticed."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text so far, of a span in seconds of the video."""

    start: float
    end: float
    text: str


class Words:
    """Texts as they grow. Of each span only the newest is kept, so that a slow listener costs no memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[tuple[float, float], tuple[int, Written]] = {}
        self._told = 0
        self._closed = False
        self._wake: set[Callable[[], None]] = set()

    def tell(self, written: Written) -> None:
        """A text has grown."""
        with self._lock:
            self._told += 1
            self._texts[written.start, written.end] = (self._told, written)
            self._wake_all()

    def close(self) -> None:
        """Nothing more will come: the job has ended."""
        with self._lock:
            self._closed = True
            self._wake_all()

    async def follow(self) -> AsyncIterator[Written | None]:
        """What there is and what comes, until it ends; None where nothing came for a while."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the server has stopped meanwhile
                loop.call_soon_threadsafe(changed.set)

        with self._lock:
            self._wake.add(wake)
        try:
            seen = 0
            while True:
                changed.clear()
                with self._lock:
                    closed = self._closed
                    news = sorted((new for new in self._texts.values() if new[0] > seen), key=itemgetter(0))
                for _, text in news:
                    yield text
                seen = news[-1][0] if news else seen
                if closed:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), QUIET)
                except asyncio.TimeoutError:
                    yield None
        finally:
            with self._lock:
                self._wake.discard(wake)

    def _wake_all(self) -> None:
        for wake in self._wake:
            wake()
