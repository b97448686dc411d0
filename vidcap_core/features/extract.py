"""Make a feature store from videos: clips are read and encoded side by side, and written in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip
from vidcap_core.encoders.batchnorm_folding import folded
from vidcap_core.encoders.rows import encode_alone
from vidcap_core.errors import DataError, UserError, VideoError
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


def extract(
    clips: Sequence[Clip],
    encoder: Encoder,
    out: str | Path,
    workers: int = 2,
    dtype: str = "float16",
    decoder: str = "pyav",
    advance: Callable[[int], None] = lambda done: None,
    packed: Mapping[str, Callable[[], Frames]] | None = None,
) -> Report:
    """Encode each clip into the store `out`, in the order of `clips`; goes on where an earlier run stopped.

    packed: what reads the frames of clips that are no files of their own.

    Clips are encoded one by one, so that what a clip becomes depends neither on its neighbours nor on a restart.
    """
    if encoder.reads not in ("frames", "audio"):
        raise UserError(
            f"{type(encoder).__name__} reads {encoder.reads}, not files", hint="vidcap list encoders"
        )
    if len({clip.id for clip in clips}) != len(clips):
        raise DataError("two of the clips have the same id")
    recipe = recipe_of(encoder, decoder)
    encoder = folded(encoder)
    report = Report()

    def produce(clip: Clip, halted: Callable[[], bool]) -> Iterator[np.ndarray]:
        yield encode_clip(encoder, clip, decoder, (packed or {}).get(clip.id))

    with FeatureWriter(out, recipe, dtype) as writer:
        done = writer.done
        todo = [clip for clip in clips if clip.id not in done]
        report.kept = len(clips) - len(todo)
        advance(report.kept)
        with threads_shared(workers) as prepare:
            for clip, rows in ahead(todo, produce, workers, prepare=prepare):
                try:
                    writer.add(clip.id, next(rows))
                    report.made += 1
                except NoSound:
                    report.silent += 1
                except (VideoError, DataError) as error:
                    report.skipped.append((clip.id, error.line))
                advance(1)
        if report.silent and not report.skipped:
            writer.leave_empty(encoder.dim)
    return report


def recipe_of(encoder: Encoder, decoder: str) -> dict[str, Any]:
    """All that decides what comes of a clip: an extraction goes on only with the same."""
    recipe = {**encoder.recipe(), "decoder": decoder}
    if encoder.reads == "frames":
        recipe |= {"short_side": encoder.short_side, "crop": encoder.crop}
    return recipe


def encode_clip(
    encoder: Encoder, clip: Clip, decoder: str = "pyav", read: Callable[[], Frames] | None = None
) -> np.ndarray:
    """The rows [T, dim] of one clip, float32, from its file: what it becomes does not depend on other clips."""
    with torch.inference_mode():
        if encoder.reads == "audio":
            made = encode_alone(encoder, read_clip_sound(clip))
        else:
            frames = read() if read else read_clip_frames(clip, FrameRequest.of(encoder), decoder=decoder)
            made = encode_alone(encoder, frames.values, frames.times)
        return made.values.float().cpu().numpy()
