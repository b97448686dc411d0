"""From a decoded frame to RGB as a player shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

FULL_RANGE = 2
"""FFmpeg's number for pictures whose luma runs from 0 to 255."""

ACCURATE = sum(int(getattr(Interpolation, flag, 0)) for flag in ("ACCURATE_RND", "FULL_CHR_H_INT"))
"""Without these the scaler rounds down: pictures come out up to two levels too dark. Old PyAV has no such flags."""


class Converter:
    """Colour space and range of the file, size, upright; one scaler for all frames of a file."""

    def __init__(self, short_side: int | None) -> None:
        self._short_side = short_side
        self._scaler = VideoReformatter()

    def __call__(self, frame: Any) -> np.ndarray:
        """RGB uint8 [H, W, 3]."""
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
            format="rgb24",
            src_colorspace=source,
            dst_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=int(Interpolation.AREA if shrinks else Interpolation.BILINEAR) | ACCURATE,
        ).to_ndarray()
        turns = round(getattr(frame, "rotation", 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(image, turns)) if turns else np.asarray(image)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height with the wanted short side."""
        if self._short_side is None:
            return width, height
        scale = self._short_side / min(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))
