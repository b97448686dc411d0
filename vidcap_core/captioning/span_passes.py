"""One pass through a file for many spans, of which one is in memory at a time.

What comes out is what `clip_reader` gives of each span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import VideoError
from vidcap_core.video.audio import RATE, resampled, zero
from vidcap_core.video.decoder import check_complete
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.frames import Frames
from vidcap_core.video.pictures import kind_of, read_picture
from vidcap_core.video.probe import duration, frame_rate, opened, picture
from vidcap_core.video.rgb import Converter, Pictures
from vidcap_core.video.sampling import frame_times, timed

Span = tuple[float, float]
SLACK = 1e-6
"""Seconds by which a picture may be late and still be on the screen at a moment."""


@dataclass
class _Screen:
    """What is on the screen as a file plays."""

    frames: Iterator[Any]
    shown: Any = None
    coming: Any = None
    first: float | None = None
    now: float = 0.0  # when `coming` appears
    last: float = 0.0  # when `shown` appeared
    converted: dict[int, np.ndarray] = field(default_factory=dict)  # of `shown`, by request

    def play(self, moment: float) -> bool:
        """Go on to the picture at a moment; False where the file has ended before."""
        while self.shown is None or (self.coming is not None and self.now <= moment + SLACK):
            if self.coming is not None:
                self.shown, self.last, self.coming = self.coming, self.now, None
                self.converted.clear()
            frame = next(self.frames, None)
            if frame is None:
                return False
            time = float(frame.time) if frame.time is not None else self.now + (self.first or 0.0)
            self.first = time if self.first is None else self.first
            self.coming, self.now = frame, max(self.now, time - self.first)  # stamps may be out of order
        return self.coming is not None


def frames_of(
    path: str | Path, spans: Sequence[Span], requests: Sequence[FrameRequest]
) -> Iterator[list[Frames]]:
    """For each span, in order of time, the frames of each request."""
    if kind := kind_of(path):
        for start, end in spans:
            read = partial(read_picture, path, kind, start=start, end=end)
            films = [(each, read(each.sampling, short_side=each.short_side)) for each in requests]
            yield [Frames(request.cropped(film.values), film.times) for request, film in films]
        return
    with opened(path) as container:
        stream = picture(container, path)
        stream.thread_type = "AUTO"
        length = duration(container, stream, path)
        rate = frame_rate(stream)
        screen = _Screen(container.decode(stream))
        for start, end in spans:
            screen.converted.clear()  # each span has the size of its first picture, as if read alone
            converters = [Converter(path, request.short_side) for request in requests]
            times = [frame_times(timed(each.sampling, rate, path), start, end) for each in requests]
            moments = [
                (moment, index, row)
                for index, of in enumerate(times)
                for row, moment in enumerate(of.tolist())
            ]
            pictures = [Pictures(path, len(of), end - start) for of in times]
            for moment, index, row in sorted(moments):
                if not screen.play(moment):
                    check_complete(path, moment, screen.last, length)
                if screen.shown is None:
                    raise VideoError(f"{path}: no picture could be decoded")
                if index not in screen.converted:
                    screen.converted[index] = converters[index](screen.shown)
                pictures[index].put([row], screen.converted[index])
            yield [
                Frames(request.cropped(each.values), of)
                for request, each, of in zip(requests, pictures, times, strict=True)
            ]


def sound_of(path: str | Path, spans: Sequence[Span]) -> Iterator[np.ndarray]:
    """For each span, in order of time, its samples float32 [N] at 16 kHz, as far as the sound goes."""
    with opened(path) as container:
        if not container.streams.audio:
            raise VideoError(f"{path}: has no sound")
        decoded = resampled(container, container.streams.audio[0], zero(container), 0.0, RATE)
        held: list[tuple[int, np.ndarray]] = []  # pieces that reach into spans to come
        for start, end in spans:
            first, stop = round(start * RATE), round(end * RATE)
            while (not held or held[-1][0] < stop) and (piece := next(decoded, None)) is not None:
                held.append(piece)
            held = [(begin, samples) for begin, samples in held if begin + len(samples) > first]
            span = np.zeros(stop - first, np.float32)
            used = 0
            for begin, samples in held:
                inside = samples[max(0, first - begin) : max(0, stop - begin)]
                offset = max(0, begin - first)
                span[offset : offset + len(inside)] = inside
                used = min(len(span), max(used, offset + len(samples)))
            yield span[:used]
