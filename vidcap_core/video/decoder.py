"""Frames at wanted moments, in one pass that converts only what is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from av.container import InputContainer

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import limits, packets
from vidcap_core.video import sampling as moments
from vidcap_core.video.frames import Frames
from vidcap_core.video.pictures import kind_of, read_picture
from vidcap_core.video.probe import duration, frame_rate, opened, picture, until
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
    """What is on the screen at each wanted moment; a moment past the last picture shows the last one.

    A picture file is a film of one frame, whatever the decoder.
    """
    if kind := kind_of(path):
        return read_picture(path, kind, sampling, start=start, end=end, short_side=short_side, rng=rng)
    if decoder != "pyav":
        from vidcap_core.video.other_decoders import read_with

        return read_with(decoder, path, sampling, start=start, end=end, short_side=short_side, rng=rng)
    with opened(path) as container:
        stream = picture(container, path, short_side)
        stream.thread_type = "AUTO"
        length = duration(container, stream, path)
        stop = until(path, length, start, end)
        width, height = limits.resized(stream.width, stream.height, short_side)
        sampling = moments.timed(sampling, frame_rate(stream), path)
        needed = moments.count(sampling, start, stop) * 3 * width * height
        limits.check_bytes(path, needed, stop - start)
        wanted = moments.frame_times(sampling, start, stop, rng)
        convert = Converter(path, short_side)
        pictures = _decode_wanted(container, stream, wanted, length, convert, path)
    if pictures is None:  # time stamps out of order, or damage: every picture is decoded and looked at
        with opened(path) as container:
            stream = picture(container, path, short_side)
            stream.thread_type = "AUTO"
            pictures = _decode_all(container, stream, wanted, length, Converter(path, short_side), path)
    return Frames(pictures.values, wanted)


def _decode_wanted(
    container: InputContainer,
    stream: Any,
    wanted: np.ndarray,
    length: float,
    convert: Converter,
    path: str | Path,
) -> Pictures | None:
    """The picture of each wanted moment, or None where the time stamps do not lead to the pictures."""
    pictures = Pictures(path, len(wanted), float(np.ptp(wanted)))

    def convert_into_rows(frame: VideoFrame) -> None:
        pictures.put(rows[frame.pts], convert(frame))

    decoded: set[int] = set()
    waiting: deque[Future[None]] = deque()
    try:
        entries = packets.index(container, stream)
        match = packets.wanted_stamps(entries, stream, wanted)
        if match is None:
            return None
        stamps, last = match
        check_complete(path, float(wanted.max()), last, length)
        rows: dict[int, list[int]] = {}
        for row, stamp in enumerate(stamps.tolist()):
            rows.setdefault(stamp, []).append(row)
        with ThreadPoolExecutor(1) as pool:  # colours are converted while the next pictures are decoded
            for frame in packets.pictures(container, stream, entries, set(rows)):
                decoded.add(frame.pts)
                waiting.append(pool.submit(convert_into_rows, frame))
                if len(waiting) > AHEAD:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
    except UserError:
        raise
    except Exception:
        return None
    return pictures if decoded == rows.keys() else None


def check_complete(path: str | Path, moment: float, last: float, length: float) -> None:
    """Refuse a file that is cut off long before a wanted moment; `last`: when its last picture appears."""
    if last < WHOLE * length - 1 and moment > last + 1:
        raise VideoError(f"{path}: is cut off: its pictures end at {last:.1f} s of {length:.1f} s")


def _decode_all(
    container: InputContainer,
    stream: Any,
    wanted: np.ndarray,
    length: float,
    convert: Converter,
    path: str | Path,
) -> Pictures:
    """The picture of each wanted moment: the latest whose time has come."""
    first = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    pictures = Pictures(path, len(wanted), float(np.ptp(wanted)))
    order = np.argsort(wanted, kind="stable")  # windows may overlap
    wanted = wanted[order]
    index = 0
    shown: Any = None
    last = 0.0
    for frame in container.decode(stream):
        time = (float(frame.time) - first) if frame.time is not None else last
        time = max(time, last)  # some AVI files stamp their pictures in the order of decoding
        if shown is not None:
            first_row = index
            while index < len(wanted) and wanted[index] + 1e-6 < time:
                index += 1
            if index > first_row:
                pictures.put(order[first_row:index].tolist(), convert(shown))
        if index == len(wanted):
            return pictures
        shown, last = frame, time
    if shown is None:
        raise VideoError(f"{path}: no picture could be decoded")
    check_complete(path, float(wanted[-1]), last, length)
    pictures.put(order[index:].tolist(), convert(shown))
    return pictures
