"""One pass through a file for many spans, of which one is in memory at a time.

What comes out is what `read_frames` and `read_audio` give of each span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import VideoError
from vidcap_core.video.audio import RATE, resampled, zero
from vidcap_core.video.decoder import WHOLE
from vidcap_core.video.probe import duration, opened, picture
from vidcap_core.video.rgb import Converter, Pictures
from vidcap_core.video.sampling import count, frame_times

Span = tuple[float, float]
SLACK = 1e-6
"""Seconds by which a picture may be late and still be on the screen at a moment."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which pictures an encoder wants of a span, and how large."""

    sampling: Mapping[str, Any]
    short_side: int | None


@dataclass
class _Screen:
    """What is on the screen as a file plays."""

    frames: Iterator[Any]
    shown: Any = None
    coming: Any = None
    first: float | None = None
    now: float = 0.0  # when `coming` appears
    last: float = 0.0  # when `shown` appeared
    converted: dict[int, np.ndarray] = field(default_factory=dict)  # of `shown`, by wish

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


def frames_of(path: str | Path, spans: Sequence[Span], wishes: Sequence[Wish]) -> Iterator[list[np.ndarray]]:
    """For each span, in order of time, one array uint8 [T, H, W, 3] a wish."""
    with opened(path) as container:
        stream = picture(container, path)
        stream.thread_type = "AUTO"
        length = duration(container, stream, path)
        screen = _Screen(container.decode(stream))
        for start, end in spans:
            screen.converted.clear()  # each span has the size of its first picture, as if read alone
            converters = [Converter(path, wish.short_side) for wish in wishes]
            moments = [
                (t, number) for number, w in enumerate(wishes) for t in frame_times(w.sampling, start, end)
            ]
            films = [Pictures(path, count(wish.sampling, start, end), end - start) for wish in wishes]
            rows = [0 for _ in wishes]
            for moment, number in sorted(moments):
                if not screen.play(moment) and screen.last < WHOLE * length - 1 and moment > screen.last + 1:
                    raise VideoError(
                        f"{path}: is cut off: its pictures end at {screen.last:.1f} s of {length:.1f} s"
                    )
                if screen.shown is None:
                    raise VideoError(f"{path}: no picture could be decoded")
                if number not in screen.converted:
                    screen.converted[number] = converters[number](screen.shown)
                films[number].put([rows[number]], screen.converted[number])
                rows[number] += 1
            yield [film.values for film in films]


def sound_of(path: str | Path, spans: Sequence[Span]) -> Iterator[np.ndarray]:
    """For each span, in order of time, its samples float32 [N] at 16 kHz, as far as the sound goes."""
    with opened(path) as container:
        if not container.streams.audio:
            raise VideoError(f"{path}: has no sound")
        heard = resampled(container, container.streams.audio[0], zero(container), 0.0, RATE)
        held: list[tuple[int, np.ndarray]] = []  # pieces that reach into spans to come
        for start, end in spans:
            first, stop = round(start * RATE), round(end * RATE)
            while (not held or held[-1][0] < stop) and (piece := next(heard, None)) is not None:
                held.append(piece)
            held = [(place, samples) for place, samples in held if place + len(samples) > first]
            span = np.zeros(stop - first, np.float32)
            used = 0
            for place, samples in held:
                inside = samples[max(0, first - place) : max(0, stop - place)]
                at = max(0, place - first)
                span[at : at + len(inside)] = inside
                used = min(len(span), max(used, at + len(samples)))
            yield span[:used]
