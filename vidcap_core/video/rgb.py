"""From a decoded frame to RGB as a player shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from vidcap_core.errors import VideoError
from vidcap_core.video import limits
from vidcap_core.video.orientation import Upright

FULL_RANGE = 2
"""FFmpeg's number for pictures whose luma runs from 0 to 255."""

ACCURATE_ROUNDING = 0x40000
"""FFmpeg's SWS_ACCURATE_RND; before PyAV 18 it has no name there. Without it pictures are up to two levels too dark."""


class Converter:
    """Colour space and range of the file, size, upright; one scaler for all frames of a file.

    The colours stay in planes, which is how encoders want them and what the scaler does fastest. Where the size
    changes in the midst of a file, all pictures get that of the first.
    """

    def __init__(self, file: str | Path, short_side: int | None) -> None:
        self._file = file
        self._short_side = short_side
        self._scaler = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """RGB uint8 [3, H, W]."""
        upright = Upright.of(frame)
        if self._size is None:
            limits.check_size(self._file, frame.width, frame.height, self._short_side)
            self._size = upright.size(*limits.resized(frame.width, frame.height, self._short_side))
        width, height = upright.size(*self._size)
        source = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}.get(int(frame.colorspace))
        if source is None:  # unmarked: what players assume
            source = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
        full = int(frame.color_range) == FULL_RANGE or frame.format.name.startswith(("yuvj", "gray"))
        shrinks = height < frame.height
        image = self._scaler.reformat(
            frame,
            width=width,
            height=height,
            format="gbrp",
            src_colorspace=source,
            dst_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=int(Interpolation.AREA if shrinks else Interpolation.BILINEAR) | ACCURATE_ROUNDING,
        )
        planes = np.empty((3, height, width), np.uint8)
        for colour, plane in zip((planes[1], planes[2], planes[0]), image.planes, strict=True):
            colour[:] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
                :height, :width
            ]
        return upright(planes)


class Pictures:
    """The pictures of a clip, in memory once, each written where it belongs."""

    def __init__(self, file: str | Path, count: int, seconds: float) -> None:
        self._file = file
        self._count = count
        self._seconds = seconds
        self._planes: np.ndarray | None = None

    def put(self, rows: Sequence[int], picture: np.ndarray) -> None:
        """Write a picture [3, H, W] to some of the rows."""
        if self._planes is None:
            limits.check_bytes(self._file, self._count * picture.nbytes, self._seconds)
            self._planes = np.empty((self._count, *picture.shape), np.uint8)
        self._planes[rows] = picture

    @property
    def values(self) -> np.ndarray:
        """uint8 [T, H, W, 3], once every row is written."""
        if self._planes is None:
            raise VideoError(f"{self._file}: no picture could be decoded")
        return np.moveaxis(self._planes, 1, -1)
