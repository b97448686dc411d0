"""Frames at wanted moments, in one pass that converts only what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.error import FFmpegError

from vidcap_core.errors import VideoError
from vidcap_core.video import sampling as moments
from vidcap_core.video import skim
from vidcap_core.video.picture import Converter
from vidcap_core.video.probe import duration, opened, picture, until

WHOLE = 0.8
"""A file whose pictures end before this share of its duration is cut off."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures uint8 [T, H, W, 3], RGB, upright, and the moments they were asked for."""

    values: np.ndarray
    times: np.ndarray


def read_frames(
    path: str | Path,
    sampling: Mapping[str, Any],
    *,
    start: float = 0.0,
    end: float | None = None,
    short_side: int | None = None,
    rng: np.random.Generator | None = None,
    decoder: str = "pyav",
) -> Frames:
    """What is on the screen at each wanted moment; a moment past the last picture shows the last one."""
    if decoder != "pyav":
        from vidcap_core.video.optional import read_with

        return read_with(decoder, path, sampling, start=start, end=end, short_side=short_side, rng=rng)
    with opened(path) as container:
        stream = picture(container, path)
        stream.thread_type = "AUTO"
        length = duration(container, stream, path)
        stop = until(path, length, start, end)
        wanted = moments.times(sampling, start, stop, rng)
        kept = _skim(container, stream, wanted, length, short_side, path)
    if kept is None:  # time stamps out of order, or damage: every picture is decoded and looked at
        with opened(path) as container:
            stream = picture(container, path)
            stream.thread_type = "AUTO"
            kept = _collect(container, stream, wanted, length, short_side, path)
    return Frames(np.stack(kept).transpose(0, 2, 3, 1), wanted)


def _skim(
    container: Any, stream: Any, wanted: np.ndarray, length: float, short_side: int | None, path: Any
) -> list[np.ndarray] | None:
    """One array a wanted moment, or None where the time stamps do not lead to the pictures."""
    entries = skim.index(container, stream)
    found = skim.wanted_stamps(entries, stream, wanted)
    if found is None:
        return None
    stamps, last = found
    _whole(wanted, last, length, path)
    convert = Converter(short_side)
    images: dict[int, Future[np.ndarray]] = {}
    try:
        with ThreadPoolExecutor(1) as beside:  # colours are converted while the next pictures are decoded
            for frame in skim.pictures(container, stream, entries, set(stamps.tolist())):
                images[frame.pts] = beside.submit(convert, frame)
    except FFmpegError:
        return None
    there = set(stamps.tolist()) <= set(images)
    return [images[s].result() for s in stamps.tolist()] if there else None


def _whole(wanted: np.ndarray, last: float, length: float, path: Any) -> None:
    if last < WHOLE * length - 1 and wanted[-1] > last + 1:
        raise VideoError(f"{path}: is cut off: its pictures end at {last:.1f} s of {length:.1f} s")


def _collect(
    container: Any, stream: Any, wanted: np.ndarray, length: float, short_side: int | None, path: Any
) -> list[np.ndarray]:
    """One array a wanted moment: each shows the latest picture whose time has come."""
    first = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    kept: list[np.ndarray] = []
    shown: Any = None
    last = 0.0
    convert = Converter(short_side)
    made: tuple[Any, np.ndarray] | None = None
    for frame in container.decode(stream):
        now = (float(frame.time) - first) if frame.time is not None else last
        now = max(now, last)  # some AVI files stamp their pictures in the order of decoding
        while len(kept) < len(wanted) and shown is not None and wanted[len(kept)] + 1e-6 < now:
            made = made if made is not None and made[0] is shown else (shown, convert(shown))
            kept.append(made[1])
        if len(kept) == len(wanted):
            return kept
        shown, last = frame, now
    if shown is None:
        raise VideoError(f"{path}: no picture could be decoded")
    _whole(wanted, last, length, path)
    return kept + [convert(shown)] * (len(wanted) - len(kept))
