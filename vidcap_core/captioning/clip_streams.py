"""From files to what encoders read, and on to streams: a clip at a time, so that memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.captioning.decode import Decoded, Wanted, safely
from vidcap_core.captioning.spans import Every
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import Clip, RawClip, Stream
from vidcap_core.encoders.rows import device_of, encode_alone
from vidcap_core.errors import UserError
from vidcap_core.files.remote import Source
from vidcap_core.video import limits
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.frames import Frames


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
        self.wanted = Wanted(tuple(self._requests()), self._hears())

    @property
    def reads(self) -> bool:
        """Whether it wants anything of a file."""
        return bool(self.frames or self.audio or self.head)

    def read(
        self,
        source: str | Source,
        every: Every = None,
        halted: Callable[[], bool] = lambda: False,
        panels: bool = False,
    ) -> Iterator[Encoded]:
        """A file as one clip, or cut into spans; panels: encoders shall also tell where they looked."""
        file = Path(source) if isinstance(source, str) else source
        for decoded in self.wanted.read(file, every, halted):
            yield self.encode(decoded, panels)

    def read_safely(
        self,
        source: Source,
        every: Every = None,
        halted: Callable[[], bool] = lambda: False,
        panels: bool = False,
    ) -> Iterator[Encoded]:
        """The same; whatever goes wrong is that file's VideoError, and the others go on."""
        return safely(source, self.read(source, every, halted, panels))

    def of_array(
        self,
        frames: np.ndarray,
        clip: Clip,
        times: np.ndarray | None = None,
        panels: bool = False,
    ) -> Encoded:
        """Frames uint8 [T, H, W, 3] that somebody has read already.

        times: seconds of each frame in the file; without them the frames lie evenly over the clip's span, and over a
        second each where that is unknown.
        """
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
            raise UserError(f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}")
        if times is not None and len(times) != len(frames):
            raise UserError(f"{clip.id}: {len(times)} times for {len(frames)} frames", hint="a time for each")
        for request in self.wanted.requests:
            limits.check_size(clip.id, frames.shape[2], frames.shape[1], request.short_side)
        if self.head is not None and "path" in self.head.reads:
            raise UserError(
                f"{type(self.head).__name__} reads files, not frames", hint="a path instead of them"
            )
        start, end = clip.span
        if end <= start:
            end = start + float(len(frames))
            clip = replace(clip, duration=end)
        if times is None:
            times = start + (np.arange(len(frames)) + 0.5) * (end - start) / len(frames)
        pictures = [Frames(request.cropped(frames), times) for request in self.wanted.requests]
        return self.encode(Decoded(clip, pictures), panels)

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

    def _hears(self) -> bool:
        return bool(self.audio) or (self.head is not None and "audio" in self.head.reads)

    @torch.no_grad()
    def encode(self, decoded: Decoded, panels: bool = False) -> Encoded:
        """The streams of a clip, and what the head makes of it."""
        clip, frames, sound, requests = decoded.clip, decoded.frames, decoded.sound, self.wanted.requests
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
        # a head that reads files gets one of this machine, wherever the clip came from
        of_file = clip if decoded.file is None else replace(clip, path=str(decoded.file))
        raw = RawClip(of_file, audio=sound if "audio" in self.head.reads else None)
        if "frames" in self.head.reads:
            film = frames[requests.index(FrameRequest.of(self.head))]
            raw = replace(raw, frames=film.values, times=film.times)
        return Encoded(clip, streams, self.head.prepare(raw))


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
