"""The one reader of a clip: its frames at the moments that are wanted, and its sound.

Data sets, feature extraction and captioning read through it, so that all of them see and hear the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcap_core.contracts.types import Clip
from vidcap_core.errors import VideoError
from vidcap_core.video import limits
from vidcap_core.video.audio import RATE, read_audio
from vidcap_core.video.decoder import read_frames
from vidcap_core.video.probe import VideoInfo
from vidcap_core.video.sampling import count

if TYPE_CHECKING:
    from vidcap_core.contracts.encoder import Encoder
    from vidcap_core.contracts.head import Head


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """Which frames are wanted of a clip, and how large."""

    sampling: Mapping[str, Any]
    short_side: int | None = None

    @classmethod
    def of(cls, part: Encoder | Head) -> FrameRequest:
        """What an encoder or a head asks for."""
        return cls(part.sampling, part.short_side)


def read_clip_frames(
    clip: Clip, request: FrameRequest, rng: np.random.Generator | None = None, decoder: str = "pyav"
) -> np.ndarray:
    """uint8 [T, H, W, 3] of the clip's span; a clip without a file is a VideoError."""
    frames = read_frames(
        _file(clip),
        request.sampling,
        start=clip.start,
        end=clip.end,
        short_side=request.short_side,
        rng=rng,
        decoder=decoder,
    )
    return frames.values


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
    needed = 0.0
    for request in requests:
        limits.check_size(path, info.width, info.height, request.short_side)
        width, height = limits.resized(info.width, info.height, request.short_side)
        needed += count(request.sampling, start, end) * 3 * width * height
    if sound:
        needed += (end - start) * RATE * 4
    limits.check_bytes(path, needed, end - start, hint)


def _file(clip: Clip) -> str:
    if clip.path is None:
        raise VideoError(f"{clip.id}: no video file is known")
    return clip.path
