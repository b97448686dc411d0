"""Make a feature store from videos: clips are read and encoded side by side, and written in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip
from vidcap_core.encoders.batchnorm_folding import folded
from vidcap_core.encoders.rows import encode_alone
from vidcap_core.errors import DataError, UserError, VideoError
from vidcap_core.features.parts import Part, done_before, part_of, take_in
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.files.prefetch import ahead, threads_shared
from vidcap_core.video.audio import NoSound
from vidcap_core.video.clip_reader import read_clip_frames, read_clip_sound
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.frames import Frames


@dataclass(slots=True)
class Report:
    """What came of an extraction: clips made now, there before, without sound, and skipped, with reasons."""

    made: int = 0
    kept: int = 0
    silent: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


Encoded = np.ndarray | VideoError | DataError
"""The rows of a clip, or why it has none."""


class Engine(Protocol):
    """Reads and encodes clips one by one, as `encode_clip` does."""

    def run(self, clips: Sequence[Clip]) -> Iterator[tuple[Clip, Encoded]]:
        """Each clip once, in any order."""
        ...


def extract(
    clips: Sequence[Clip],
    encoder: Encoder,
    out: str | Path,
    workers: int = 2,
    dtype: str = "float16",
    decoder: str = "pyav",
    advance: Callable[[int], None] = lambda done: None,
    packed: Mapping[str, Callable[[], Frames]] | None = None,
    engine: Engine | None = None,
    part: Part | None = None,
) -> Report:
    """Encode each clip into the store `out`; goes on where an earlier run, or other processes with parts, stopped.

    packed: what reads the frames of clips that are no files of their own. engine: what runs it; None: threads here, in
    the order of `clips`. part: only these clips, into a store beside `out`.

    Clips are encoded one by one, so that what a clip becomes depends neither on its neighbours nor on a restart.
    """
    if encoder.reads not in ("frames", "audio"):
        raise UserError(
            f"{type(encoder).__name__} reads {encoder.reads}, not files", hint="vidcap list encoders"
        )
    if len({clip.id for clip in clips}) != len(clips):
        raise DataError("two of the clips have the same id")
    recipe = recipe_of(encoder, decoder)
    engine = engine or Threads(folded(encoder), workers, decoder, packed or {})
    report, out = Report(), Path(out)
    before = done_before(out, part)
    if part is not None:
        clips, out = [clip for clip in clips if part.has(clip.id)], part_of(out, part)
    with FeatureWriter(out, recipe, dtype) as writer:
        if part is None:
            take_in(writer, recipe, dtype)
        done = writer.done
        todo = [clip for clip in clips if clip.id not in done and clip.id not in before]
        report.kept = len(clips) - len(todo)
        advance(report.kept)
        for clip, made in engine.run(todo) if todo else ():
            try:
                if not isinstance(made, np.ndarray):
                    raise made
                writer.add(clip.id, made)
                report.made += 1
            except NoSound:
                report.silent += 1
            except (VideoError, DataError) as error:
                report.skipped.append((clip.id, error.line))
            advance(1)
        if report.silent and not report.skipped:
            writer.leave_empty(encoder.dim)
    return report


@dataclass(frozen=True, slots=True)
class Threads:
    """The engine of one machine."""

    encoder: Encoder
    workers: int
    decoder: str
    packed: Mapping[str, Callable[[], Frames]]

    def run(self, clips: Sequence[Clip]) -> Iterator[tuple[Clip, Encoded]]:
        """Clips in their order."""
        with threads_shared(self.workers) as prepare:
            for clip, rows in ahead(clips, self._encode, self.workers, prepare=prepare):
                yield clip, next(rows)

    def _encode(self, clip: Clip, halted: Callable[[], bool]) -> Iterator[Encoded]:
        try:
            yield encode_clip(self.encoder, clip, self.decoder, self.packed.get(clip.id))
        except (VideoError, DataError) as error:
            yield error


def recipe_of(encoder: Encoder, decoder: str) -> dict[str, Any]:
    """All that decides what comes of a clip: an extraction goes on only with the same."""
    recipe = {**encoder.recipe(), "decoder": decoder}
    if encoder.reads == "frames":
        recipe |= {"short_side": encoder.short_side, "crop": encoder.crop}
    return recipe


Read = Frames | np.ndarray
"""Frames, or the samples of sound."""


def read_clip(clip: Clip, request: FrameRequest | None, decoder: str = "pyav") -> Read:
    """What an encoder sees of a clip's file; None: its sound."""
    return read_clip_sound(clip) if request is None else read_clip_frames(clip, request, decoder=decoder)


def encode_read(encoder: Encoder, read: Read) -> np.ndarray:
    """The rows [T, dim] of what was read of one clip, float32: they do not depend on other clips."""
    with torch.inference_mode():
        if isinstance(read, Frames):
            made = encode_alone(encoder, read.values, read.times)
        else:
            made = encode_alone(encoder, read)
        return made.values.float().cpu().numpy()


def encode_clip(
    encoder: Encoder, clip: Clip, decoder: str = "pyav", read: Callable[[], Frames] | None = None
) -> np.ndarray:
    """The rows of one clip, from its file."""
    request = None if encoder.reads == "audio" else FrameRequest.of(encoder)
    return encode_read(encoder, read() if read and request else read_clip(clip, request, decoder))
