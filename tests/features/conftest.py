"""A folder of small real videos, one of which is none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest


def film(path: Path, frames: int = 20, width: int = 64, height: int = 48, seed: int = 0) -> Path:
    """An mp4 (H.264) of a colour that drifts over noise."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(0, 200, (height, width, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            picture = np.clip(ground + index * 2, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Six films and a text that calls itself a film."""
    folder = tmp_path / "videos"
    for index in range(6):
        film(folder / f"film{index}.mp4", seed=index)
    (folder / "note.mp4").write_text("this is no film\n" * 50)
    return folder
