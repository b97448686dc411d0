"""Frames at wanted moments, in one pass that converts only what is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import limits, packets
from vidcap_core.video import sampling as moments
from vidcap_core.video.frames import Frames
from vidcap_core.video.probe import duration, opened, picture, until
from vidcap_core.video.rgb import Converter, Pictures

WHOLE = 0.8
"""A file whose pictures end before this share of its duration is cut off."""
AHEAD = 4
"""Decoded pictures that wait for their colours; large ones take much memory."""


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
        from vidcap_core.video.other_decoders import read_with

        return read_with(decoder, path, sampling, start=start, end=end, short_side=short_side, rng=rng)
    with opened(path) as container:
        stream = picture(container, path, short_side)
        stream.thread_type = "AUTO"
        length = duration(container, stream, path)
        stop = until(path, length, start, end)
        width, height = limits.resized(stream.width, stream.height, short_side)
        needed = moments.count(sampling, start, stop) * 3 * width * height
        limits.check_bytes(path, needed, stop - start)
        wanted = moments.frame_times(sampling, start, stop, rng)
        convert = Converter(path, short_side)
        pictures = _skim(container, stream, wanted, length, convert, path)
    if pictures is None:  # time stamps out of order, or damage: every picture is decoded and looked at
        with opened(path) as container:
            stream = picture(container, path, short_side)
            stream.thread_type = "AUTO"
            pictures = _collect(container, stream, wanted, length, Converter(path, short_side), path)
    return Frames(pictures.values, wanted)


def _skim(
    container: Any, stream: Any, wanted: np.ndarray, length: float, convert: Converter, path: Any
) -> Pictures | None:
    """The picture of each wanted moment, or None where the time stamps do not lead to the pictures."""
    film = Pictures(path, len(wanted), float(np.ptp(wanted)))

    def keep(frame: Any) -> None:
        film.put(rows[frame.pts], convert(frame))

    kept: set[int] = set()
    waiting: deque[Future[None]] = deque()
    try:
        entries = packets.index(container, stream)
        found = packets.wanted_stamps(entries, stream, wanted)
        if found is None:
            return None
        stamps, last = found
        check_complete(path, float(wanted[-1]), last, length)
        rows: dict[int, list[int]] = {}
        for row, stamp in enumerate(stamps.tolist()):
            rows.setdefault(stamp, []).append(row)
        with ThreadPoolExecutor(1) as beside:  # colours are converted while the next pictures are decoded
            for frame in packets.pictures(container, stream, entries, set(rows)):
                kept.add(frame.pts)
                waiting.append(beside.submit(keep, frame))
                if len(waiting) > AHEAD:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
    except UserError:
        raise
    except Exception:
        return None
    return film if kept == rows.keys() else None


def check_complete(path: str | Path, moment: float, last: float, length: float) -> None:
    """Refuse a file that is cut off long before a wanted moment; `last`: when its last picture appears."""
    if last < WHOLE * length - 1 and moment > last + 1:
        raise VideoError(f"{path}: is cut off: its pictures end at {last:.1f} s of {length:.1f} s")


def _collect(
    container: Any, stream: Any, wanted: np.ndarray, length: float, convert: Converter, path: Any
) -> Pictures:
    """The picture of each wanted moment: the latest whose time has come."""
    first = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    film = Pictures(path, len(wanted), float(np.ptp(wanted)))
    done = 0
    shown: Any = None
    last = 0.0
    for frame in container.decode(stream):
        now = (float(frame.time) - first) if frame.time is not None else last
        now = max(now, last)  # some AVI files stamp their pictures in the order of decoding
        if shown is not None:
            before = done
            while done < len(wanted) and wanted[done] + 1e-6 < now:
                done += 1
            if done > before:
                film.put(range(before, done), convert(shown))
        if done == len(wanted):
            return film
        shown, last = frame, now
    if shown is None:
        raise VideoError(f"{path}: no picture could be decoded")
    check_complete(path, float(wanted[-1]), last, length)
    film.put(range(done, len(wanted)), convert(shown))
    return film
