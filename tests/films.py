"""Small real films of any kind, made by code."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

MATRICES = {  # x' = a x + c y, y' = b x + d y, as (a, b, c, d)
    "as it is": (1, 0, 0, 1),
    "turned right": (0, 1, -1, 0),
    "upside down": (-1, 0, 0, -1),
    "turned left": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "mirrored upside down": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "transposed upside down": (0, -1, -1, 0),
}
"""The eight ways a header may say that a picture lies."""


def grey_level(index: int) -> np.ndarray:
    """Nothing but the number of the picture."""
    return np.full((48, 64, 3), index * 10, np.uint8)


def noise(index: int) -> np.ndarray:
    """What compresses badly."""
    return np.random.default_rng(index).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def slope(index: int) -> np.ndarray:
    """Smooth colours that differ in every corner and from picture to picture."""
    y, x = np.mgrid[:48, :64]
    return np.stack([x * 2 + index, y * 3 + index, x + y + index * 2], -1).clip(0, 255).astype(np.uint8)


def make(
    path: Path,
    count: int = 20,
    picture: Callable[[int], np.ndarray] = grey_level,
    stamps: Sequence[float] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    source: str = "rgb24",
    size: tuple[int, int] = (64, 48),
    options: dict[str, str] | None = None,
    colour: tuple[int, int] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """A film of ten pictures a second, or with time stamps of its own."""
    with av.open(str(path), "w", options=container or {}) as out:
        stream: Any = out.add_stream(codec, rate=10, options=options or {})
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        stream.codec_context.time_base = Fraction(1, 1000)
        if colour:
            stream.codec_context.colorspace, stream.codec_context.color_range = colour
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(picture(index), format=source)
            frame.pts = round((stamps[index] if stamps else index / 10) * 1000)
            frame.time_base = Fraction(1, 1000)
            if colour:
                frame.colorspace, frame.color_range = colour
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def lay(path: Path, matrix: Sequence[float]) -> Path:
    """Write a display matrix into the header of an mp4."""
    raw = bytearray(path.read_bytes())
    place = raw.find(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (round(value * (1 << 16)) for value in matrix)
    raw[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(raw)
    return path


def seen(picture: np.ndarray, matrix: Sequence[float]) -> np.ndarray:
    """A picture [H, W, 3] as such a header wants it shown, pixel by pixel."""
    a, b, c, d = matrix
    height, width = picture.shape[:2]
    places = {
        (y, x): (round(b * x + d * y), round(a * x + c * y)) for y in range(height) for x in range(width)
    }
    top, left = min(y for y, _ in places.values()), min(x for _, x in places.values())
    shown = np.zeros((width, height, 3) if b else (height, width, 3), picture.dtype)
    for (y, x), (to_y, to_x) in places.items():
        shown[to_y - top, to_x - left] = picture[y, x]
    return shown


def tone(seconds: float, rate: int, on: Callable[[np.ndarray], Any] = np.ones_like) -> np.ndarray:
    """440 Hz in int16, where `on` says so."""
    time = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * 440 * time) * on(time) * 16000).astype(np.int16)


def add_sound(out: Any, stream: Any, samples: np.ndarray, late: float = 0.0) -> None:
    """Encode samples into a track of an open file, from `late` seconds on."""
    rate, channels = stream.rate, stream.layout.nb_channels
    size = stream.codec_context.frame_size or 1024
    for at in range(0, len(samples), size):
        block = np.repeat(samples[at : at + size], channels)[None]
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=stream.layout.name)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), at + round(late * rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode())


def sound(path: Path, layout: str = "stereo", samples: np.ndarray | None = None, rate: int = 44100) -> Path:
    """A .wav file: two seconds of a tone, where nothing else is said."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("pcm_s16le", rate=rate, layout=layout)
        add_sound(out, stream, tone(2, rate) if samples is None else samples)
    return path
