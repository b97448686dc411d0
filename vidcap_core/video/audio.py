"""The sound of a file as 16 kHz mono, on the clock of its pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from vidcap_core.errors import VideoError
from vidcap_core.video import limits
from vidcap_core.video.pictures import kind_of
from vidcap_core.video.probe import opened, tracks

RATE = 16_000
WARM = 0.5
"""Seconds before the span that are decoded too: codecs and resamplers need a run-up."""
JUMP = 0.1
"""Seconds between two blocks of sound that are a gap, and not a rounded time stamp."""
SHORTER = "shorter clips, each with a start and an end"
STRAY = 60.0
"""Seconds beyond twice the file's duration, after which a time stamp is damage and no gap."""


class NoSound(VideoError):
    """A file that has only pictures."""


def read_audio(
    path: str | Path, *, start: float = 0.0, end: float | None = None, rate: int = RATE
) -> np.ndarray:
    """Samples float32 [N] in -1 .. 1 from `start` to `end`, as far as the sound goes.

    Second 0 is the first picture, as for frames; before a late sound, and where it has gaps, there is silence.
    A file without sound is a NoSound. No more than the span is held in memory.
    """
    first, last = round(start * rate), None if end is None else round(end * rate)
    used = 0
    if kind_of(path):
        raise NoSound(f"{path}: has no sound, it is a picture")
    with opened(path) as container:
        if not container.streams.audio:
            raise NoSound(f"{path}: has no sound")
        span = np.zeros(0 if last is None else _checked_length(path, last - first, rate), np.float32)
        stream = container.streams.audio[0]
        for position, samples in resampled(container, stream, zero(container), start - WARM, rate):
            if last is not None and position >= last:
                used = len(span)  # a late sound: the rest of the span is silent
                break
            offset = position - first
            samples = samples[max(0, -offset) : None if last is None else last - position]
            offset = max(0, offset)
            if not len(samples):
                continue
            if offset + len(samples) > len(span):
                size = min(2 * len(span), limits.BYTES // 4)
                span.resize(
                    max(size, _checked_length(path, offset + len(samples), rate)), refcheck=False
                )  # no second copy
            span[offset : offset + len(samples)] = samples
            used = max(used, offset + len(samples))
    span.resize(used, refcheck=False)
    return span


def _checked_length(path: str | Path, samples: int, rate: int) -> int:
    """So many samples, where they fit into memory: a time stamp may be wrong by years."""
    limits.check_bytes(path, 4 * samples, samples / rate, SHORTER)
    return max(0, samples)


def zero(container: InputContainer) -> float:
    """The time stamp of second 0 in seconds: the first picture's, or the sound's own where there is none."""
    stream = (*tracks(container), *container.streams.audio)[0]
    return float(stream.start_time * stream.time_base) if stream.start_time else 0.0


def resampled(
    container: InputContainer, stream: AudioStream, zero: float, start: float, rate: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Mono pieces, each with the number of its first sample; what ends before `start` is not decoded."""
    resampler: AudioResampler = None
    before: Any = None
    position, expected = 0, 0.0
    latest = 2 * container.duration / av.time_base + STRAY if container.duration else math.inf
    for frame in _decoded_frames(container, stream, zero + start):
        seconds = frame.samples / frame.sample_rate  # a header may say one sample a second
        limits.check_bytes(container.name, 4 * seconds * rate * frame.layout.nb_channels, seconds, SHORTER)
        time = expected if frame.time is None else float(frame.time) - zero
        if time > latest:
            continue
        layout = (frame.format.name, frame.layout.name, frame.sample_rate)
        if layout != before or abs(time - expected) > JUMP:
            if resampler is not None:
                yield from _mono_pieces(resampler, None, position)
            resampler, before = av.AudioResampler(format="fltp", rate=rate), layout
            position, expected = round(time * rate), time
        for begin, samples in _mono_pieces(resampler, frame, position):
            yield begin, samples
            position = begin + len(samples)
        expected += seconds
    if resampler is not None:
        yield from _mono_pieces(resampler, None, position)


def _mono_pieces(
    resampler: AudioResampler, frame: AudioFrame, position: int
) -> Iterator[tuple[int, np.ndarray]]:
    for piece in resampler.resample(frame):
        samples = piece.to_ndarray().mean(0)  # the mean of the channels: louder sums would leave -1 .. 1
        yield position, samples
        position += len(samples)


def _decoded_frames(container: InputContainer, stream: AudioStream, start: float) -> Iterator[Any]:
    failure: FFmpegError | None = None
    decoded = False
    for packet in container.demux(stream):
        if packet.pts is not None and float((packet.pts + (packet.duration or 0)) * packet.time_base) < start:
            continue
        try:
            frames = packet.decode()
        except FFmpegError as error:  # a damaged stretch is silent
            failure = error
            continue
        yield from frames
        decoded = decoded or bool(frames)
    if failure is not None and not decoded:
        raise failure
