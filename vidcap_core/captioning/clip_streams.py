"""From files to what encoders read, and on to streams: a clip at a time, so that memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.captioning import span_passes
from vidcap_core.captioning.spans import Every, spans
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import Clip, RawClip, Stream
from vidcap_core.encoders.rows import device_of, encode_alone
from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import limits
from vidcap_core.video.clip_reader import check_memory, read_clip_frames, read_clip_sound
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.frames import Frames
from vidcap_core.video.probe import VideoInfo, probe
from vidcap_core.video.sampling import count, timed
from vidcap_core.zoo.fault import author_fault


@dataclass(frozen=True, slots=True)
class Encoded:
    """A clip with its streams, each [T, D]; one that its file lacks (no sound) is empty; and what the head prepared."""

    clip: Clip
    streams: Mapping[str, Stream]
    prepared: Mapping[str, Any] | None = None


class Reader:
    """Reads what the encoders and the head of a captioner want of files, each picture once, and encodes it.

    without: streams of which every clip has nothing, with their widths.
    """

    def __init__(
        self, encoders: Mapping[str, Any], without: Mapping[str, int] | None = None, head: Head | None = None
    ) -> None:
        self.head = head if head is not None and head.reads else None
        self.without = dict(without or {})
        encoders = {name: encoder for name, encoder in encoders.items() if name not in self.without}
        self.frames = {name: e for name, e in encoders.items() if e.reads == "frames"}
        self.audio = {name: e for name, e in encoders.items() if e.reads == "audio"}

    @property
    def reads(self) -> bool:
        """Whether it wants anything of a file."""
        return bool(self.frames or self.audio or self.head)

    def read(
        self,
        path: str | Path,
        every: Every = None,
        halted: Callable[[], bool] = lambda: False,
        panels: bool = False,
    ) -> Iterator[Encoded]:
        """A file as one clip, or cut into spans; panels: encoders shall also tell where they looked."""
        info = probe(path)
        whole = Clip(Path(path).stem, str(path), duration=info.duration)
        if every is None:
            self._check_memory(path, info, (0.0, info.duration), every)
            yield self._encode(whole, *self._whole(whole, info), panels)
            return
        cut = spans(path, info.duration, every, halted)
        if halted():
            return
        self._check_memory(path, info, max(cut, key=lambda span: span[1] - span[0]), every)
        frames = span_passes.frames_of(path, cut, self._requests()) if self._requests() else ([] for _ in cut)
        sounds = span_passes.sound_of(path, cut) if self._hears(info) else (None for _ in cut)
        for (start, end), clip_frames, sound in zip(cut, frames, sounds, strict=True):
            clip = Clip(f"{whole.id}@{start:.2f}-{end:.2f}", whole.path, start, end, info.duration)
            yield self._encode(clip, clip_frames, sound, panels)

    def read_safely(
        self,
        path: Path,
        every: Every = None,
        halted: Callable[[], bool] = lambda: False,
        panels: bool = False,
    ) -> Iterator[Encoded]:
        """The same; whatever goes wrong is that file's VideoError, and the others go on."""
        try:
            yield from self.read(path, every, halted, panels)
        except VideoError:
            raise
        except UserError as error:
            raise error.wrap(str(path), VideoError) from error
        except MemoryError as error:
            raise VideoError(f"{path}: needs more memory than there is", hint="--every 60") from error
        except Exception as error:  # of thousands of files one will be odd in a new way
            place = author_fault(error)
            where = f" (in {place})" if place else ""
            raise VideoError(f"{path}: {type(error).__name__}: {error}{where}") from error

    def of_array(self, frames: np.ndarray, name: str, panels: bool = False) -> Encoded:
        """Frames uint8 [T, H, W, 3] that somebody has read already; a second each, as nobody says when they were."""
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
            raise UserError(f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}")
        requests = self._requests()
        for request in requests:
            limits.check_size(name, frames.shape[2], frames.shape[1], request.short_side)
        if self.head is not None and "path" in self.head.reads:
            raise UserError(
                f"{type(self.head).__name__} reads files, not frames", hint="a path instead of them"
            )
        clip = Clip(name, duration=float(len(frames)))
        times = np.arange(len(frames)) + 0.5
        pictures = [Frames(request.cropped(frames), times) for request in requests]
        return self._encode(clip, pictures, None, panels)

    def _whole(self, clip: Clip, info: VideoInfo) -> tuple[list[Frames], np.ndarray | None]:
        frames = [read_clip_frames(clip, request) for request in self._requests()]
        return frames, read_clip_sound(clip) if self._hears(info) else None

    def _requests(self) -> list[FrameRequest]:
        """What is wanted of a file, each once though several encoders may want it."""
        requests: list[FrameRequest] = []
        wanting = [*self.frames.values()]
        if self.head is not None and "frames" in self.head.reads:
            wanting.append(self.head)
        for part in wanting:
            request = FrameRequest.of(part)
            if request not in requests:
                requests.append(request)
        return requests

    def _hears(self, info: VideoInfo) -> bool:
        wanted = bool(self.audio) or (self.head is not None and "audio" in self.head.reads)
        return wanted and info.has_audio

    @torch.no_grad()
    def _encode(
        self,
        clip: Clip,
        frames: list[Frames],
        sound: np.ndarray | None,
        panels: bool,
    ) -> Encoded:
        requests = self._requests()
        streams: dict[str, Stream] = {name: _empty(width) for name, width in self.without.items()}
        for name, encoder in self.frames.items():
            film = frames[requests.index(FrameRequest.of(encoder))]
            streams[name] = _stream(encoder, film.values, film.times, panels)
        for name, encoder in self.audio.items():
            streams[name] = _nothing(encoder) if sound is None else _heard(encoder, sound, clip.start)
        longest = max((len(stream.values) for stream in streams.values()), default=0)
        limits.check_rows(
            clip.path or clip.id, longest, "rows of features", "--every 60, a caption for each minute"
        )
        if self.head is None:
            return Encoded(clip, streams)
        raw = RawClip(clip, audio=sound if "audio" in self.head.reads else None)
        if "frames" in self.head.reads:
            film = frames[requests.index(FrameRequest.of(self.head))]
            raw = replace(raw, frames=film.values, times=film.times)
        return Encoded(clip, streams, self.head.prepare(raw))

    def _check_memory(
        self, path: str | Path, info: VideoInfo, span: tuple[float, float], every: Every
    ) -> None:
        hint = "--every 60, a caption for each minute" if every is None else "a shorter --every"
        requests = self._requests()
        check_memory(path, info, span, requests, self._hears(info), hint)
        for request in requests:
            wish = timed(request.sampling, info.rate if info.duration else 1.0, path)
            limits.check_rows(path, count(wish, *span), "pictures", hint)


def _stream(
    encoder: Encoder, values: np.ndarray, times: np.ndarray | None = None, panels: bool = False
) -> Stream:
    """One clip's stream [T, D], every row of which is real."""
    made = encode_alone(encoder, values, times, panels)
    return made if len(made.values) else _nothing(encoder)


def _heard(encoder: Encoder, sound: np.ndarray, start: float) -> Stream:
    """One clip's stream of its sound, with the times of its rows where the encoder says how long each is."""
    made = _stream(encoder, sound)
    if made.times is not None or encoder.row_seconds is None:
        return made
    return replace(made, times=start + (torch.arange(len(made.values)) + 0.5) * encoder.row_seconds)


def _nothing(encoder: Encoder) -> Stream:
    """What an encoder makes of nothing."""
    return _empty(encoder.dim).to(device_of(encoder))


def _empty(width: int) -> Stream:
    """A stream of which there is nothing: one row that is not real."""
    return Stream(torch.zeros(1, width), torch.zeros(1, dtype=torch.bool))
