"""Two small films with sound that no data set would have: not square, of different lengths and shapes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE, SOUND = 10, 16000


def two_films(folder: Path) -> tuple[Path, Path]:
    """A wide one of 2.4 seconds, and a high one of 1.6."""
    wide = film(folder / "wide.mp4", width=96, height=64, count=24, pitch=440)
    return wide, film(folder / "high.mp4", width=64, height=96, count=16, pitch=880)


def film(path: Path, width: int, height: int, count: int, pitch: float) -> Path:
    """A coloured bar that moves before a slope, ten pictures a second, and a sine."""
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio: Any = out.add_stream("aac", rate=SOUND)
        audio.layout = "mono"
        for index in range(count):
            out.mux(video.encode(av.VideoFrame.from_ndarray(_picture(index, width, height), format="rgb24")))
        out.mux(video.encode())
        for frame in _sine(count * SOUND // RATE, pitch):
            out.mux(audio.encode(frame))
        out.mux(audio.encode())
    return path


def _picture(index: int, width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    bar = np.abs(x - (index * 3 + width // 8)) < width // 10
    return np.stack([x * 2, np.where(bar, 250, y), y * 2 + index], -1).clip(0, 255).astype(np.uint8)


def _sine(samples: int, pitch: float, size: int = 1024) -> Any:
    """Frames of a codec's size."""
    wave = np.sin(2 * np.pi * pitch * np.arange(samples) / SOUND).astype(np.float32) * 0.3
    for first in range(0, samples, size):
        frame = av.AudioFrame.from_ndarray(wave[None, first : first + size], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND, first, Fraction(1, SOUND)
        yield frame
