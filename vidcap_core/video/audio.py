"""The sound of a file as 16 kHz mono."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from vidcap_core.errors import VideoError
from vidcap_core.video.probe import opened

RATE = 16_000


def read_audio(path: str | Path, *, start: float = 0.0, end: float | None = None, rate: int = RATE) -> np.ndarray:
    """Samples float32 [N] in -1 .. 1; a file without sound is a VideoError."""
    with opened(path) as container:
        if not container.streams.audio:
            raise VideoError(f"{path}: has no sound")
        resampler = av.AudioResampler(format="fltp", rate=rate)
        parts = [
            piece.to_ndarray().mean(0)  # the mean of the channels: louder sums would leave -1 .. 1
            for frame in (*container.decode(audio=0), None)
            for piece in resampler.resample(frame)
        ]
    sound = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return sound[round(start * rate) : None if end is None else round(end * rate)].astype(np.float32)
