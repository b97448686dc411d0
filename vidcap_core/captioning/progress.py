"""How far a job is: a bar with the time left on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vidcap_metrics.counted import counted

SAY = 30.0
"""Seconds between lines in a pipe."""


class Progress:
    """Files as they are done, in parts: a long video moves it too."""

    def __init__(self, total: int, show: Callable[[float], None]) -> None:
        self.total, self._show = total, show
        self._done, self._part = 0, 0.0

    def part(self, share: float) -> None:
        """How much of the file at hand is done."""
        self._part = max(self._part, min(share, 1.0))
        self._show(self._done + self._part)

    def file(self) -> None:
        """A file is done."""
        self._done, self._part = self._done + 1, 0.0
        self._show(self._done)


@contextmanager
def progress(total: int, terminal: bool, note: Callable[[str], None]) -> Iterator[Progress]:
    """Progress over so many files, drawn on the terminal or noted in lines."""
    if terminal:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("caption"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        # what goes to stdout must stay there: it may be a file
        with Bar(*columns, console=Console(stderr=True), redirect_stdout=False) as bar:
            task = bar.add_task("caption", total=total)
            yield Progress(total, lambda done: bar.update(task, completed=done))
        return
    start = noted = time.monotonic()

    def show(done: float) -> None:
        nonlocal noted
        now = time.monotonic()
        if now - noted >= SAY and done:
            noted = now
            left = _clock((now - start) * (total - done) / done)
            note(f"captioned {done:.1f} of {counted(total, 'file')}, about {left} left")

    yield Progress(total, show)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
