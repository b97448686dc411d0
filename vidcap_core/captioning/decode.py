"""From files to the pictures and the sound of their clips: what is wanted is plain data, and no network is near."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from vidcap_core.captioning import span_passes
from vidcap_core.captioning.spans import Every, spans
from vidcap_core.contracts.types import Clip
from vidcap_core.errors import UserError, VideoError
from vidcap_core.files.local import local
from vidcap_core.files.remote import Source
from vidcap_core.video import limits
from vidcap_core.video.clip_reader import check_memory, read_clip_frames, read_clip_sound
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.frames import Frames
from vidcap_core.video.probe import VideoInfo, probe
from vidcap_core.video.sampling import count, timed
from vidcap_core.zoo.fault import author_fault


@dataclass(frozen=True, slots=True)
class Decoded:
    """A clip with the frames of each request, its sound, and the file they were read from while it is there."""

    clip: Clip
    frames: list[Frames]
    sound: np.ndarray | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a captioner wants of files: each kind of frames once, though several encoders may look at them."""

    requests: tuple[FrameRequest, ...]
    hears: bool = False

    def read(
        self, source: Source, every: Every = None, halted: Callable[[], bool] = lambda: False
    ) -> Iterator[Decoded]:
        """A file as one clip, or cut into spans: a span at a time is in memory."""
        with local(source) as path:
            for decoded in self._read(path, source.stem, every, halted):
                yield replace(decoded, clip=replace(decoded.clip, path=str(source)), file=path)

    def _read(self, path: Path, name: str, every: Every, halted: Callable[[], bool]) -> Iterator[Decoded]:
        info = probe(path)
        whole = Clip(name, str(path), duration=info.duration)
        hears = self.hears and info.has_audio
        if every is None:
            self._check_memory(path, info, (0.0, info.duration), every)
            films = [read_clip_frames(whole, request) for request in self.requests]
            yield Decoded(whole, films, read_clip_sound(whole) if hears else None)
            return
        cut = spans(path, info.duration, every, halted)
        if halted():
            return
        self._check_memory(path, info, max(cut, key=lambda span: span[1] - span[0]), every)
        frames = span_passes.frames_of(path, cut, self.requests) if self.requests else ([] for _ in cut)
        sounds = span_passes.sound_of(path, cut) if hears else (None for _ in cut)
        for (start, end), of_span, sound in zip(cut, frames, sounds, strict=True):
            clip = Clip(f"{name}@{start:.2f}-{end:.2f}", whole.path, start, end, info.duration)
            yield Decoded(clip, of_span, sound)

    def _check_memory(
        self, path: str | Path, info: VideoInfo, span: tuple[float, float], every: Every
    ) -> None:
        hint = "--every 60, a caption for each minute" if every is None else "a shorter --every"
        check_memory(path, info, span, self.requests, self.hears and info.has_audio, hint)
        for request in self.requests:
            wish = timed(request.sampling, info.rate if info.duration else 1.0, path)
            limits.check_rows(path, count(wish, *span), "pictures", hint)


Item = TypeVar("Item")


def safely(source: Source, items: Iterable[Item]) -> Iterator[Item]:
    """What is made of a file; whatever goes wrong is that file's VideoError, and the others go on."""
    try:
        yield from items
    except VideoError:
        raise
    except UserError as error:
        error.message = error.message.removeprefix(f"{source}: ")
        raise error.wrap(str(source), VideoError) from error
    except MemoryError as error:
        raise VideoError(f"{source}: needs more memory than there is", hint="--every 60") from error
    except Exception as error:  # of thousands of files one will be odd in a new way
        place = author_fault(error)
        where = f" (in {place})" if place else ""
        raise VideoError(f"{source}: {type(error).__name__}: {error}{where}") from error
