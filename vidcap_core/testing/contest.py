"""Two ways to do the same thing, side by side: time in alternation, memory in a fresh process each."""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any


def race(
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    rounds: int,
    clock: Callable[[], float],
    synchronise: Callable[[], None] = lambda: None,
) -> tuple[float, float, float]:
    """Median seconds of both, and the median of theirs / ours over the rounds."""

    def seconds(run: Callable[[], Any]) -> float:
        synchronise()
        start = clock()
        run()
        synchronise()
        return clock() - start

    times = []
    for index in range(rounds):
        pair = (seconds(ours), seconds(theirs)) if index % 2 else (seconds(theirs), seconds(ours))[::-1]
        times.append(pair)
    mine, other = zip(*times, strict=True)
    return statistics.median(mine), statistics.median(other), statistics.median(b / a for a, b in times)


def peaks(measure: Callable[..., None], *arguments: Any) -> dict[str, float]:
    """What `measure(which, *arguments, queue)` puts into its queue for "ours" and for "plain"."""
    spawn = multiprocessing.get_context("spawn")
    measured = {}
    for which in ("ours", "plain"):
        queue = spawn.Queue()
        process = spawn.Process(target=measure, args=(which, *arguments, queue))
        process.start()
        measured[which] = queue.get()
        process.join()
    return measured


def high_water(process: int | str = "self") -> float:
    """The most memory a process ever held, in MiB (Linux); getrusage would tell the parent's."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
