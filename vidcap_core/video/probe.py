"""What a file holds, or why it holds no video."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import limits
from vidcap_core.video.boxes import check_samples
from vidcap_core.video.containers import PASS
from vidcap_core.video.orientation import Upright
from vidcap_core.video.pictures import kind_of, look_at
from vidcap_core.video.suffixes import PICTURE_SUFFIXES

OPENING = 4 * limits.PIXELS
"""Larger pictures are not even looked at when a file is opened, which is where FFmpeg learns their size."""
SAFELY = {
    "max_pixels": str(OPENING),
    "format_whitelist": PASS,
    "protocol_whitelist": "file",
}
PADDING = limits.UNTHREADED // 10
"""Pixels that a decoder adds at the edges."""
UNKNOWN_BITS = 48
"""of a pixel, where a header does not say its format."""
REPAIR = "ffmpeg -i VIDEO -vf scale=1280:-2 new.mp4, which saves what can be read"


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The facts about a file that captioning needs; the size is that of the pictures as they are shown."""

    duration: float
    width: int
    height: int
    rate: float | None  # frames a second, where the file says so
    has_audio: bool


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """An open container; whatever goes wrong with it, inside FFmpeg or around it, is a VideoError with the file's name.

    Everything that decodes does so in here: of thousands of files one will be odd in a way nobody has thought of.
    """
    file = Path(path)
    if not file.is_file():
        raise VideoError(f"{file}: there is no such file")
    if file.stat().st_size == 0:
        raise VideoError(f"{file}: the file is empty")
    try:
        check_samples(file)
        with av.open(str(file), options=SAFELY, metadata_errors="replace") as container:
            for stream in container.streams.video:
                if stream.codec_context is not None:
                    stream.codec_context.options.update(max_pixels=str(limits.PIXELS))
            yield container
    except UserError:
        raise
    except MemoryError as error:
        raise VideoError(f"{file}: needs more memory than there is") from error
    except av.error.ArgumentError as error:  # what FFmpeg says of a format that is not on the list
        reason = "it is damaged, of a format that is not read here, or a list of other files, which is not followed"
        raise _unreadable(file, reason) from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise _unreadable(file, reason) from error


def _unreadable(file: Path, reason: str) -> VideoError:
    if file.suffix.lower() in PICTURE_SUFFIXES:
        return VideoError(
            f"{file}: is neither a picture (JPEG, PNG, WebP, BMP) nor a video by its content",
            hint="a file that is what its name says",
        )
    return VideoError(f"{file}: cannot be read as a video: {reason}", hint=REPAIR)


def probe(path: str | Path) -> VideoInfo:
    """Duration, size and tracks of a video file; a picture lasts 0 seconds."""
    if kind := kind_of(path):
        still = look_at(path, kind)
        return VideoInfo(still.duration, still.width, still.height, None, False)
    with opened(path) as container:
        stream = picture(container, path)
        rate = frame_rate(stream)
        length, sound = duration(container, stream, path), bool(container.streams.audio)
        first = first_frame(container, stream, path)
        limits.check_size(path, first.width, first.height)
        return VideoInfo(length, *Upright.of(first).size(first.width, first.height), rate, sound)


def frame_rate(stream: VideoStream) -> float | None:
    """Frames a second on average, where the file says so."""
    return float(stream.average_rate) if stream.average_rate else None


def tracks(container: InputContainer) -> list[Any]:
    """The tracks that hold a film: a song's cover is a picture too, but none of these."""
    return [
        s
        for s in container.streams.video
        if s.disposition is None or "attached_pic" not in str(s.disposition)
    ]


def picture(container: InputContainer, path: str | Path, short_side: int | None = None) -> Any:
    """The video track, whose pictures can be decoded and, at this short side, held."""
    streams = tracks(container)
    if not streams:
        raise VideoError(f"{path}: has no pictures" + (", only sound" if container.streams.audio else ""))
    stream = streams[0]
    if stream.codec_context is None:
        raise VideoError(f"{path}: the format of its pictures is not known here", hint=REPAIR)
    if not stream.width or not stream.height:
        limit = f"{limits.PIXELS:,} pixels (8K) that are read"
        raise VideoError(
            f"{path}: its video track has no size, or one far beyond the {limit}; it is damaged or no video",
            hint=REPAIR,
        )
    limits.check_size(path, stream.width, stream.height, short_side)
    _bound_decoder(stream, path)
    return stream


def _bound_decoder(stream: Any, path: str | Path) -> None:
    """Large pictures are decoded in one thread, and only where those that are held at once fit into the memory."""
    context = stream.codec_context
    if stream.width * stream.height <= limits.UNTHREADED:  # which those in the midst of the file keep to
        context.options.update(max_pixels=str(limits.UNTHREADED + PADDING))
        return
    bits = context.format.padded_bits_per_pixel if context.format else UNKNOWN_BITS
    references = 1 if context.codec.intra_only else limits.REFERENCES
    limits.check_decoder(path, stream.width, stream.height, bits, references)
    if not context.is_open:
        context.thread_count = 1


def first_frame(container: InputContainer, stream: VideoStream, path: str | Path) -> Any:
    """The first picture: the header alone does not say how it lies, nor whether it can be decoded at all."""
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                return frame
        except FFmpegError:  # a damaged beginning: the next picture will do
            continue
    raise VideoError(f"{path}: no picture could be decoded")


def until(path: str | Path, length: float, start: float, end: float | None) -> float:
    """Where a span stops; one outside of the file is a VideoError."""
    stop = length if end is None else min(end, length)
    if not 0 <= start < stop:
        requested = end if end is not None else stop
        raise VideoError(f"{path}: the span {start:g}-{requested:g} s is not inside its {length:g} s")
    return stop


def duration(container: InputContainer, stream: VideoStream, path: str | Path) -> float:
    """Seconds from the first picture to the end of the last; counted from the packets where no header says it."""
    seconds = _duration(container, stream, path)
    limits.check_length(path, seconds)
    return seconds


def _duration(container: InputContainer, stream: Any, path: str | Path) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    first = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    if end_of_track := _matroska(stream.metadata.get("DURATION", "")):
        return end_of_track - first if end_of_track > first else end_of_track
    if container.duration:
        seconds = float(container.duration / av.time_base)
        return seconds - first if "matroska" in container.format.name and seconds > first else seconds
    begin, end = math.inf, 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            begin = min(begin, float(packet.pts * packet.time_base))
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(0)
    if end <= 0 or end < begin:
        raise VideoError(f"{path}: holds no pictures")
    return end - begin


def _matroska(text: str) -> float | None:
    """When a track ends, as Matroska files say it (`00:01:02.500000000`): the file may have a longer sound."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text.strip())
    return 3600 * int(match[1]) + 60 * int(match[2]) + float(match[3]) if match else None
