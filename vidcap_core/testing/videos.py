"""Small real video files, made by code: pictures that move, and a tone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 16000
"""Samples of sound a second."""


def write_video(
    path: str | Path,
    *,
    seconds: float = 2.0,
    fps: int = 6,
    width: int = 96,
    height: int = 64,
    colour: tuple[int, int, int] = (200, 60, 30),
    sound: bool = True,
    pitch: float = 440.0,
) -> Path:
    """An mp4 file (H.264, AAC): a square of one colour crosses a dark ground, under a tone of `pitch` Hz."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    count = max(1, round(seconds * fps))
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "threads": "1"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for index in range(count):
            picture = _picture(index / max(1, count - 1), width, height, colour)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        if audio is not None:
            tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)
            samples = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], format="fltp", layout="mono")
            samples.sample_rate, samples.time_base = RATE, Fraction(1, RATE)
            container.mux(audio.encode(samples))
            container.mux(audio.encode(None))
    return path


def _picture(progress: float, width: int, height: int, colour: tuple[int, int, int]) -> np.ndarray:
    """The square on its way from left to right; the ground is lighter below, so that no two corners are alike."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture += np.linspace(0, 60, height, dtype=np.uint8)[:, None, None]
    side = height // 2
    left = round(progress * (width - side))
    picture[side // 2 : side // 2 + side, left : left + side] = colour
    return picture
