"""How the pictures of a file must be turned or mirrored to be seen as a player shows them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from av import VideoFrame


@dataclass(frozen=True, slots=True)
class Upright:
    """Rows and columns change places, then columns or rows run backwards: the eight ways to lay a picture."""

    swap: bool = False
    columns: bool = False
    rows: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> Upright:
        """From the display matrix of a decoded frame, rounded to quarter turns; without one, as it is."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return cls()
        # x' = a x + c y, y' = b x + d y
        a, b, _, c, d = struct.unpack("<5i", bytes(matrix)[:20])
        if abs(b) > abs(a):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    @property
    def mirrored(self) -> bool:
        """Whether it takes more than a turn."""
        return self.swap == (self.columns == self.rows)

    def __call__(self, planes: np.ndarray) -> np.ndarray:
        """[..., H, W] as it is to be seen."""
        turned = planes.swapaxes(-1, -2) if self.swap else planes
        return turned[..., :: -1 if self.rows else 1, :: -1 if self.columns else 1]

    def unmirrored(self, planes: np.ndarray) -> np.ndarray:
        """[..., H, W] of a decoder that turns pictures, but knows nothing of mirrors."""
        if not self.mirrored:
            return planes
        return planes[..., ::-1] if self.swap else planes[..., ::-1, :]

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as seen."""
        return (height, width) if self.swap else (width, height)
