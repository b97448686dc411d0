"""From a decoded frame to RGB as a player shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from vidcap_core.video.upright import Upright

FULL_RANGE = 2
"""FFmpeg's number for pictures whose luma runs from 0 to 255."""

ACCURATE = int(getattr(Interpolation, "ACCURATE_RND", 0))
"""Without it the scaler rounds down: pictures come out up to two levels too dark. Old PyAV has no such flag."""


class Converter:
    """Colour space and range of the file, size, upright; one scaler for all frames of a file.

    The colours stay in planes, which is how encoders want them and what the scaler does fastest.
    """

    def __init__(self, short_side: int | None) -> None:
        self._short_side = short_side
        self._scaler = VideoReformatter()

    def __call__(self, frame: Any) -> np.ndarray:
        """RGB uint8 [3, H, W]."""
        width, height = self.size(frame.width, frame.height)
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
            interpolation=int(Interpolation.AREA if shrinks else Interpolation.BILINEAR) | ACCURATE,
        )
        planes = np.empty((3, height, width), np.uint8)
        for colour, plane in zip((planes[1], planes[2], planes[0]), image.planes, strict=True):
            colour[:] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height, :width]
        return Upright.of(frame)(planes)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height with the wanted short side."""
        if self._short_side is None:
            return width, height
        scale = self._short_side / min(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))
