"""Frames at wanted moments, in one pass that converts only what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import VideoError
from vidcap_core.video import sampling as moments
from vidcap_core.video.probe import duration, opened, picture

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
        stop = length if end is None else min(end, length)
        if not 0 <= start < stop:
            raise VideoError(f"{path}: the span {start:g}-{end if end is not None else stop:g} s is not inside its {length:g} s")
        wanted = moments.times(sampling, start, stop, rng)
        return Frames(np.stack(_collect(container, stream, wanted, length, short_side, path)), wanted)


def _collect(container: Any, stream: Any, wanted: np.ndarray, length: float, short_side: int | None, path: Any) -> list[np.ndarray]:
    """One array a wanted moment: each shows the latest picture whose time has come."""
    first = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    kept: list[np.ndarray] = []
    shown: Any = None
    last = 0.0
    converted: tuple[Any, np.ndarray] | None = None
    for frame in container.decode(stream):
        now = (float(frame.time) - first) if frame.time is not None else last
        while len(kept) < len(wanted) and shown is not None and wanted[len(kept)] < now:
            converted = _once(shown, converted, short_side)
            kept.append(converted[1])
        if len(kept) == len(wanted):
            return kept
        shown, last = frame, now
    if shown is None:
        raise VideoError(f"{path}: no picture could be decoded")
    if last < WHOLE * length - 1 and wanted[-1] > last + 1:
        raise VideoError(f"{path}: is cut off: its pictures end at {last:.1f} s of {length:.1f} s")
    converted = _once(shown, converted, short_side)
    return kept + [converted[1]] * (len(wanted) - len(kept))


def _once(frame: Any, converted: tuple[Any, np.ndarray] | None, short_side: int | None) -> tuple[Any, np.ndarray]:
    if converted is not None and converted[0] is frame:
        return converted
    return frame, _rgb(frame, short_side)


def _rgb(frame: Any, short_side: int | None) -> np.ndarray:
    """RGB as a player shows it: colour space and range of the file, upright."""
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    width, height = frame.width, frame.height
    if short_side is not None and min(width, height) > 0:
        scale = short_side / min(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    source = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}.get(int(frame.colorspace))
    if source is None:  # unmarked: what players assume
        source = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    full = int(frame.color_range) == 2 or frame.format.name.startswith("yuvj")
    image = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=source,
        dst_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.AREA if short_side is not None else Interpolation.BILINEAR,
    ).to_ndarray()
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


