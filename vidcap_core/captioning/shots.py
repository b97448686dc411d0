"""Shot boundaries: where the colours of the picture change all at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import VideoReformatter

from vidcap_core.video.pictures import kind_of
from vidcap_core.video.probe import opened, picture

STEP = 0.1
"""Seconds between the pictures that are compared."""
SHORTEST = 1.0
"""Seconds: what is shorter belongs to the shot before."""
CHANGE = 0.35
"""Share of the pixels that must change their colour at a cut."""
STANDS_OUT = 3.0
"""How many times larger a cut is than what changes around it: a fast camera is no cut."""
AROUND = 10
"""Comparisons before, over whose mean a cut must stand out."""
SIZE = (64, 36)
BINS = 8


def cuts(path: str | Path, halted: Callable[[], bool] = lambda: False) -> list[float]:
    """Seconds at which a new shot begins, without the first; one picture is in memory at a time.

    d = 1/2 sum_b |h_t(b) - h_(t-1)(b)| over histograms h of the colours; a cut has
    d > CHANGE and d > STANDS_OUT * mean(d) of those just before. A picture is one shot, an animated one too.
    """
    if kind_of(path):
        return []
    times: list[float] = []
    recent: deque[float] = deque(maxlen=AROUND)
    scaler = VideoReformatter()
    with opened(path) as container:
        stream = picture(container, path)
        stream.thread_type = "AUTO"
        before: np.ndarray | None = None
        first, due = None, 0.0
        for frame in container.decode(stream):
            if halted():
                break
            if frame.time is None:
                continue
            first = frame.time if first is None else first
            now = float(frame.time - first)
            if now + STEP / 100 < due:
                continue
            due = now + STEP
            histogram = _histogram(scaler, frame)
            if before is not None:
                change = float(np.abs(histogram - before).sum()) / 2
                usual = sum(recent) / len(recent) if recent else 0.0
                if (
                    change > max(CHANGE, STANDS_OUT * usual)
                    and now - (times[-1] if times else 0.0) >= SHORTEST
                ):
                    times.append(now)
                    recent.clear()
                else:
                    recent.append(change)
            before = histogram
    return times


def _histogram(scaler: VideoReformatter, frame: VideoFrame) -> np.ndarray:
    """How often each level of red, green and blue is there, [3 * BINS], together 1.

    A level counts for the two bins it lies between: a picture that slowly grows dark must not jump.
    """
    width, height = SIZE
    small: Any = scaler.reformat(frame, width=width, height=height, format="rgb24")
    position = small.to_ndarray().reshape(-1, 3) / 255 * (BINS - 1)
    low = np.minimum(position.astype(np.int64), BINS - 2)
    share = position - low
    low = low + BINS * np.arange(3)
    size = 3 * BINS
    counts = np.bincount(low.ravel(), (1 - share).ravel(), size)
    counts += np.bincount((low + 1).ravel(), share.ravel(), size)
    return np.asarray(counts / counts.sum())
