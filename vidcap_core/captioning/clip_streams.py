"""From files to what encoders read, and on to streams: a clip at a time, so that memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.captioning import span_passes
from vidcap_core.captioning.span_passes import Wish
from vidcap_core.captioning.spans import Every, spans
from vidcap_core.contracts.types import Clip, Stream
from vidcap_core.encoders.rows import device_of, encode_alone
from vidcap_core.errors import UserError
from vidcap_core.video import VideoInfo, limits, probe, read_audio, read_frames
from vidcap_core.video.audio import RATE
from vidcap_core.video.sampling import count


@dataclass(frozen=True, slots=True)
class Encoded:
    """A clip with its streams, each [T, D]; one that its file lacks (no sound) is empty."""

    clip: Clip
    streams: Mapping[str, Stream]


class Reader:
    """Reads what the encoders of a captioner want of files, each picture once, and encodes it.

    without: streams of which every clip has nothing, with their widths.
    """

    def __init__(self, encoders: Mapping[str, Any], without: Mapping[str, int] | None = None) -> None:
        self.without = dict(without or {})
        encoders = {name: encoder for name, encoder in encoders.items() if name not in self.without}
        self.frames = {name: e for name, e in encoders.items() if e.reads == "frames"}
        self.audio = {name: e for name, e in encoders.items() if e.reads == "audio"}

    def read(
        self, path: str | Path, every: Every = None, halted: Callable[[], bool] = lambda: False
    ) -> Iterator[Encoded]:
        """A file as one clip, or cut into spans."""
        info = probe(path)
        whole = Clip(Path(path).stem, str(path), duration=info.duration)
        if every is None:
            self._refuse_large(path, info, 0.0, info.duration, every)
            yield self._encode(whole, *self._whole(path, info))
            return
        cut = spans(path, info.duration, every, halted)
        if halted():
            return
        self._refuse_large(path, info, *max(cut, key=lambda span: span[1] - span[0]), every)
        pictures = span_passes.frames_of(path, cut, self._wishes()) if self.frames else ([] for _ in cut)
        sounds = span_passes.sound_of(path, cut) if self._hears(info) else (None for _ in cut)
        for (start, end), shown, heard in zip(cut, pictures, sounds, strict=True):
            clip = Clip(f"{whole.id}@{start:.2f}-{end:.2f}", whole.path, start, end, info.duration)
            yield self._encode(clip, shown, heard)

    def of_array(self, frames: np.ndarray, name: str) -> Encoded:
        """Frames uint8 [T, H, W, 3] that somebody has read already; a second each, as nobody says when they were."""
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
            raise UserError(f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}")
        for wish in self._wishes():
            limits.check_size(name, frames.shape[2], frames.shape[1], wish.short_side)
        clip = Clip(name, duration=float(len(frames)))
        return self._encode(clip, [frames] * len(self._wishes()), None)

    def _whole(self, path: str | Path, info: VideoInfo) -> tuple[list[np.ndarray], np.ndarray | None]:
        shown = [read_frames(path, w.sampling, short_side=w.short_side).values for w in self._wishes()]
        return shown, read_audio(path) if self._hears(info) else None

    def _wishes(self) -> list[Wish]:
        """What is wanted of a file, each wish once though several encoders may have it."""
        wishes: list[Wish] = []
        for encoder in self.frames.values():
            wish = Wish(encoder.sampling, encoder.short_side)
            if wish not in wishes:
                wishes.append(wish)
        return wishes

    def _hears(self, info: VideoInfo) -> bool:
        return bool(self.audio) and info.has_audio

    @torch.no_grad()
    def _encode(self, clip: Clip, shown: list[np.ndarray], heard: np.ndarray | None) -> Encoded:
        wishes = self._wishes()
        streams: dict[str, Stream] = {name: _empty(width) for name, width in self.without.items()}
        for name, encoder in self.frames.items():
            values = shown[wishes.index(Wish(encoder.sampling, encoder.short_side))]
            streams[name] = _stream(encoder, values)
        for name, encoder in self.audio.items():
            streams[name] = _stream(encoder, heard) if heard is not None else _nothing(encoder)
        return Encoded(clip, streams)

    def _refuse_large(self, path: Any, info: VideoInfo, start: float, end: float, every: Every) -> None:
        """Complain of a clip whose pictures or sound would fill the memory, before any is read."""
        needed = 0.0
        for wish in self._wishes():
            limits.check_size(path, info.width, info.height, wish.short_side)
            wide, high = limits.resized(info.width, info.height, wish.short_side)
            needed += count(wish.sampling, start, end) * 3 * wide * high
        if self._hears(info):
            needed += (end - start) * RATE * 4
        hint = "--every 60, a caption for each minute" if every is None else "a shorter --every"
        limits.check_bytes(path, needed, end - start, hint)


def _stream(encoder: Any, values: np.ndarray) -> Stream:
    """One clip's stream [T, D], every row of which is real."""
    rows = encode_alone(encoder, values)
    return Stream(rows, rows.new_ones(len(rows), dtype=torch.bool)) if len(rows) else _nothing(encoder)


def _nothing(encoder: Any) -> Stream:
    """What an encoder makes of nothing."""
    return _empty(encoder.dim).to(device_of(encoder))


def _empty(width: int) -> Stream:
    """A stream of which there is nothing: one row that is not real."""
    return Stream(torch.zeros(1, width), torch.zeros(1, dtype=torch.bool))
