"""What a file holds, or why it holds no video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from vidcap_core.errors import VideoError


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The facts about a file that captioning needs."""

    duration: float
    width: int
    height: int
    rate: float | None  # frames a second, where the file says so
    has_audio: bool


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """An open container; whatever FFmpeg complains of becomes a VideoError that names the file."""
    file = Path(path)
    if not file.is_file():
        raise VideoError(f"{file}: there is no such file")
    if file.stat().st_size == 0:
        raise VideoError(f"{file}: the file is empty")
    try:
        with av.open(str(file)) as container:
            yield container
    except (FFmpegError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoError(f"{file}: cannot be read as a video: {reason}") from error


def probe(path: str | Path) -> VideoInfo:
    """Duration, size and tracks of a video file."""
    with opened(path) as container:
        stream = picture(container, path)
        rate = float(stream.average_rate) if stream.average_rate else None
        length, sound = duration(container, stream, path), bool(container.streams.audio)
        return VideoInfo(length, stream.width, stream.height, rate, sound)


def picture(container: Any, path: str | Path) -> Any:
    """The video track."""
    streams = [s for s in container.streams.video if s.disposition is None or "attached_pic" not in str(s.disposition)]
    if not streams:
        raise VideoError(f"{path}: has no pictures" + (", only sound" if container.streams.audio else ""))
    if not streams[0].width or not streams[0].height:
        raise VideoError(f"{path}: its video track has no size; the file is damaged or no video")
    return streams[0]


def duration(container: Any, stream: Any, path: str | Path) -> float:
    """Seconds of pictures; counted from the packets where the file does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / av.time_base)
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(0)
    if last <= 0:
        raise VideoError(f"{path}: holds no pictures")
    return last
