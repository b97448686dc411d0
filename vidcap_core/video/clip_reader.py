"""The one reader of a clip: its frames at the moments that are wanted, and its sound.

Data sets, feature extraction and captioning read through it, so that all of them see and hear the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vidcap_core.contracts.types import Clip
from vidcap_core.errors import VideoError
from vidcap_core.video import limits
from vidcap_core.video.audio import RATE, read_audio
from vidcap_core.video.decoder import read_frames
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.frames import Frames
from vidcap_core.video.probe import VideoInfo
from vidcap_core.video.sampling import count, timed


def read_clip_frames(
    clip: Clip, request: FrameRequest, rng: np.random.Generator | None = None, decoder: str = "pyav"
) -> Frames:
    """The frames of the clip's span; a clip without a file is a VideoError."""
    frames = read_frames(
        _file(clip),
        request.sampling,
        start=clip.start,
        end=clip.end,
        short_side=request.short_side,
        rng=rng,
        decoder=decoder,
    )
    return Frames(request.cropped(frames.values), frames.times)


def read_clip_sound(clip: Clip, seconds: float | None = None, rate: int = RATE) -> np.ndarray:
    """float32 [N] of the clip's span, of `seconds` at most; a file without sound is a NoSound."""
    ends = [end for end in (clip.end, seconds and clip.start + seconds) if end is not None]
    return read_audio(_file(clip), start=clip.start, end=min(ends, default=None), rate=rate)


def check_memory(
    path: str | Path,
    info: VideoInfo,
    span: tuple[float, float],
    requests: Iterable[FrameRequest],
    sound: bool,
    hint: str,
) -> None:
    """Refuse a span whose frames and sound would together fill the memory, before any is read."""
    start, end = span
    needed, rate = 0.0, info.rate if end > start else 1.0
    for request in requests:
        limits.check_size(path, info.width, info.height, request.short_side)
        width, height = limits.resized(info.width, info.height, request.short_side)
        needed += count(timed(request.sampling, rate, path), start, end) * 3 * width * height
    if sound:
        needed += (end - start) * RATE * 4
    limits.check_bytes(path, needed, end - start, hint)


def _file(clip: Clip) -> str:
    if clip.path is None:
        raise VideoError(f"{clip.id}: no video file is known")
    return clip.path
