"""From frames as decoded to the tensor a network wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from vidcap_core.video import limits

CHUNK = 64
"""Frames that are resized at a time, fewer of large ones: bounds the memory of a long clip."""
CHUNK_PIXELS = 8192 * 4320
"""Pixels that are resized at a time; each is three floats, and there are a few copies of them."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Resize the short side, crop the middle, normalise: x' = (x / 255 - mean) / std."""

    resize: int
    crop: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bicubic"

    @classmethod
    def of(
        cls,
        size: int | Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
        fraction: float = 1.0,
        interpolation: str = "bicubic",
    ) -> Preparation:
        """From a crop and the share of the resized picture that it covers."""
        height, width = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        kind = interpolation if interpolation in ("bilinear", "bicubic") else "bicubic"
        resize = int(min(height, width) / fraction)
        return cls(resize, (height, width), tuple(map(float, mean)), tuple(map(float, std)), kind)

    @property
    def square(self) -> Literal["center"] | None:
        """What an encoder's `crop` says: whether the middle square of a picture is all that is looked at."""
        return "center" if max(self.crop) <= self.resize else None

    def __call__(self, frames: Tensor) -> Tensor:
        """uint8 [N, H, W, 3] -> float [N, 3, h, w]."""
        height, width = frames.shape[1:3]
        limits.check_size("frames", width, height, self.resize)
        largest = max(height * width, math.prod(self._size(height, width)))
        chunk = max(1, min(CHUNK, CHUNK_PIXELS // largest))
        return torch.cat([self._some(part) for part in torch.split(frames, chunk)])

    def _some(self, frames: Tensor) -> Tensor:
        # colours last in memory, however the frames lay: convolutions on a processor are twice as fast so
        x = frames.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).float() / 255
        height, width = x.shape[-2:]
        h, w = self.crop
        size = self._size(height, width)
        if size != (height, width):
            x = functional.interpolate(
                x, size, mode=self.interpolation, align_corners=False, antialias=True
            ).clamp(0, 1)
        top, left = (size[0] - h) // 2, (size[1] - w) // 2
        x = x[..., top : top + h, left : left + w]
        mean, std = (x.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (x - mean) / std

    def _size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that cover the crop."""
        h, w = self.crop
        scale = max(self.resize / min(height, width), h / height, w / width)
        return max(h, round(height * scale)), max(w, round(width * scale))

    def describe(self) -> dict[str, Any]:
        """As plain data, for a recipe."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }
