"""One pass through a file for many spans, of which one is in memory at a time.

What comes out is what `read_frames` and `read_audio` give of each span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidcap_core.errors import VideoError
from vidcap_core.video.audio import RATE
from vidcap_core.video.decoder import WHOLE
from vidcap_core.video.picture import Converter
from vidcap_core.video.probe import duration, opened, picture
from vidcap_core.video.sampling import times

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
        converters = [Converter(wish.short_side) for wish in wishes]
        for start, end in spans:
            moments = [(t, number) for number, w in enumerate(wishes) for t in times(w.sampling, start, end)]
            kept: list[list[np.ndarray]] = [[] for _ in wishes]
            for moment, number in sorted(moments):
                if not screen.play(moment) and screen.last < WHOLE * length - 1 and moment > screen.last + 1:
                    raise VideoError(
                        f"{path}: is cut off: its pictures end at {screen.last:.1f} s of {length:.1f} s"
                    )
                if screen.shown is None:
                    raise VideoError(f"{path}: no picture could be decoded")
                if number not in screen.converted:
                    screen.converted[number] = converters[number](screen.shown)
                kept[number].append(screen.converted[number])
            yield [np.stack(pictures).transpose(0, 2, 3, 1) for pictures in kept]


def sound_of(path: str | Path, spans: Sequence[Span]) -> Iterator[np.ndarray]:
    """For each span, in order of time, its samples float32 [N] at 16 kHz."""
    with opened(path) as container:
        if not container.streams.audio:
            raise VideoError(f"{path}: has no sound")
        resampler = av.AudioResampler(format="fltp", rate=RATE)
        pieces = (
            piece.to_ndarray().mean(0)
            for frame in _then_none(container.decode(audio=0))
            for piece in resampler.resample(frame)
        )
        held, begin = np.zeros(0, np.float32), 0  # samples from number `begin` on
        for start, end in spans:
            first, stop = round(start * RATE), round(end * RATE)
            parts, there = [held], begin + len(held)
            while there < stop and (piece := next(pieces, None)) is not None:
                parts.append(piece)
                there += len(piece)
            held = np.concatenate(parts)[max(0, first - begin) :].astype(np.float32)
            begin = max(begin, first)
            yield held[: max(0, stop - begin)]


def _then_none(frames: Iterator[Any]) -> Iterator[Any]:
    """The frames, and at the end None, which makes a resampler give what it still holds."""
    yield from frames
    yield None
