"""The sound of a file as 16 kHz mono, on the clock of its pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from vidcap_core.errors import VideoError
from vidcap_core.video import limits
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
    with opened(path) as container:
        if not container.streams.audio:
            raise NoSound(f"{path}: has no sound")
        span = np.zeros(0 if last is None else _room(path, last - first, rate), np.float32)
        stream = container.streams.audio[0]
        for place, samples in resampled(container, stream, zero(container), start - WARM, rate):
            if last is not None and place >= last:
                used = len(span)  # a late sound: the rest of the span is silent
                break
            at = place - first
            samples = samples[max(0, -at) : None if last is None else last - place]
            at = max(0, at)
            if not len(samples):
                continue
            if at + len(samples) > len(span):
                longer = min(2 * len(span), limits.BYTES // 4)
                span.resize(
                    max(longer, _room(path, at + len(samples), rate)), refcheck=False
                )  # no second copy
            span[at : at + len(samples)] = samples
            used = max(used, at + len(samples))
    span.resize(used, refcheck=False)
    return span


def _room(path: str | Path, samples: int, rate: int) -> int:
    """So many samples, where they fit into memory: a time stamp may be wrong by years."""
    limits.check_bytes(path, 4 * samples, samples / rate, SHORTER)
    return max(0, samples)


def zero(container: Any) -> float:
    """The time stamp of second 0 in seconds: the first picture's, or the sound's own where there is none."""
    stream = (*tracks(container), *container.streams.audio)[0]
    return float(stream.start_time * stream.time_base) if stream.start_time else 0.0


def resampled(
    container: Any, stream: Any, zero: float, start: float, rate: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Mono pieces, each with the number of its first sample; what ends before `start` is not decoded."""
    resampler: Any = None
    kind: Any = None
    place, expected = 0, 0.0
    latest = 2 * container.duration / av.time_base + STRAY if container.duration else math.inf
    for frame in _frames(container, stream, zero + start):
        seconds = frame.samples / frame.sample_rate  # a header may say one sample a second
        limits.check_bytes(container.name, 4 * seconds * rate * frame.layout.nb_channels, seconds, SHORTER)
        now = expected if frame.time is None else float(frame.time) - zero
        if now > latest:
            continue
        this = (frame.format.name, frame.layout.name, frame.sample_rate)
        if this != kind or abs(now - expected) > JUMP:
            if resampler is not None:
                yield from _pieces(resampler, None, place)
            resampler, kind = av.AudioResampler(format="fltp", rate=rate), this
            place, expected = round(now * rate), now
        for at, samples in _pieces(resampler, frame, place):
            yield at, samples
            place = at + len(samples)
        expected += seconds
    if resampler is not None:
        yield from _pieces(resampler, None, place)


def _pieces(resampler: Any, frame: Any, place: int) -> Iterator[tuple[int, np.ndarray]]:
    for piece in resampler.resample(frame):
        samples = piece.to_ndarray().mean(0)  # the mean of the channels: louder sums would leave -1 .. 1
        yield place, samples
        place += len(samples)


def _frames(container: Any, stream: Any, start: float) -> Iterator[Any]:
    failure: FFmpegError | None = None
    heard = False
    for packet in container.demux(stream):
        if packet.pts is not None and float((packet.pts + (packet.duration or 0)) * packet.time_base) < start:
            continue
        try:
            frames = packet.decode()
        except FFmpegError as error:  # a damaged stretch is silent
            failure = error
            continue
        yield from frames
        heard = heard or bool(frames)
    if failure is not None and not heard:
        raise failure
