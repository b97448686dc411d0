"""Cheap features of toy videos, computed from the decoded mp4: plain functions of frames and sound.

image  [T, 320]: mean colours and gradients on an 8x8 grid, four rows a second
motion [T, 128]: differences between frames on the same grid
audio  [T, 33]: log energies of 32 mel bands and the loudness; absent where a video has no sound
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from vidcap_core.datasets.toy.picture import FPS
from vidcap_core.datasets.toy.sound import RATE
from vidcap_core.video import read_frames
from vidcap_core.video.probe import opened
from vidcap_metrics.files.cache import make_once

VERSION = 2
"""2: colours are decoded as `vidcap_core.video` decodes them, 1 was off by up to two levels."""
GRID = 8
STEP = 2
"""Frames a row."""
BANDS = 32
GREY = np.full(3, 1 / 3, dtype=np.float32)
WINDOW = 1024


def image(frames: np.ndarray) -> np.ndarray:
    """Per row: mean colour, and mean absolute gradient across and down, of each cell."""
    chosen = frames[::STEP].astype(np.float32) / 255
    grey = chosen @ GREY
    across = np.pad(np.abs(np.diff(grey, axis=2)), ((0, 0), (0, 0), (0, 1)))
    down = np.pad(np.abs(np.diff(grey, axis=1)), ((0, 0), (0, 1), (0, 0)))
    layers = np.concatenate([chosen - 0.5, 8 * across[..., None], 8 * down[..., None]], axis=-1)
    return _cells(layers)


def motion(frames: np.ndarray) -> np.ndarray:
    """Per row: mean absolute change since the last frame and since the last row, of each cell."""
    grey = frames.astype(np.float32) @ (GREY / 255)
    before = np.concatenate([grey[:1], grey[:-1]])
    earlier = np.concatenate([grey[:1].repeat(STEP, axis=0), grey[:-STEP]])
    layers = 8 * np.stack([np.abs(grey - before), np.abs(grey - earlier)], axis=-1)
    return _cells(layers[::STEP])


def audio(samples: np.ndarray, rows: int) -> np.ndarray:
    """Per row: log mel energies (scaled to about [-1, 1]) and the loudness of the sound around its moment."""
    hop = RATE * STEP / FPS
    padded = np.pad(samples, (0, max(0, int(rows * hop) + WINDOW - len(samples))))
    starts = (np.arange(rows) * hop).astype(int)
    windows = padded[starts[:, None] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    energies = np.log10(power @ _mel().T + 1e-4) / 4
    loudness = [np.sqrt(np.mean(padded[int(s) : int(s + hop)] ** 2)) for s in starts]
    return np.concatenate([energies, 4 * np.asarray(loudness)[:, None]], axis=1).astype(np.float32)


def cached(values: np.ndarray) -> np.ndarray:
    """Rows as training reads them from the cache, which keeps 16 bits of a number."""
    return values.astype(np.float16).astype(np.float32)


WIDTHS = {"image": 5 * GRID * GRID, "motion": 2 * GRID * GRID, "audio": BANDS + 1}


def toy_stream(folder: Path, name: str) -> Path:
    """The folder of one of a toy dataset's cached streams; all of them are made at the first call."""

    def make(part: Path) -> None:
        for stream in WIDTHS:
            (part / stream).mkdir(parents=True)
        videos = sorted((folder / "videos").glob("*.mp4"))
        with ThreadPoolExecutor(2) as pool:
            for path, streams in zip(videos, pool.map(encode, videos), strict=True):
                for stream, values in streams.items():
                    np.save(part / stream / f"{path.stem}.npy", values.astype(np.float16))

    return make_once(folder / f"streams{VERSION}", make) / name


def encode(path: Path) -> dict[str, np.ndarray]:
    """All streams of one video."""
    frames, samples = decode(path)
    streams = {"image": image(frames), "motion": motion(frames)}
    return streams if samples is None else {**streams, "audio": audio(samples, len(streams["image"]))}


def decode(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """All frames of a toy video, and its sound where it has some."""
    frames = read_frames(
        path, {"kind": "fps", "rate": FPS}
    ).values  # as any raw file is read, so that both agree
    with opened(path) as container:
        if not container.streams.audio:
            return frames, None
        sound = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return frames, np.concatenate(sound)


def _cells(layers: np.ndarray) -> np.ndarray:
    """Means over a grid: [T, H, W, C] to [T, GRID * GRID * C]."""
    count, height, width, depth = layers.shape
    cells = layers.reshape(count, GRID, height // GRID, GRID, width // GRID, depth).mean((2, 4))
    return np.asarray(cells.reshape(count, -1), dtype=np.float32)


def _mel() -> np.ndarray:
    """Triangular filters [BANDS, WINDOW / 2 + 1], evenly spaced in mel = 2595 log10(1 + f / 700)."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    low, middle, high = (edges[k : k + BANDS, None] for k in range(3))
    return np.asarray(
        np.clip(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0, None)
    )
