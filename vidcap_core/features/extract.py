"""Make a feature store from videos: the next clips are decoded while the encoder works on this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.encoders.base import Encoder
from vidcap_core.encoders.fold import folded
from vidcap_core.errors import DataError, UserError, VideoError
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.types import Clip
from vidcap_core.video import read_audio, read_frames

AHEAD = 2
"""Clips a worker may be ahead of the encoder."""


@dataclass(slots=True)
class Report:
    """What came of an extraction: clips made now, clips that were there, and those skipped, with reasons."""

    made: int = 0
    kept: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def extract(
    clips: Sequence[Clip],
    encoder: Encoder,
    out: str | Path,
    workers: int = 2,
    dtype: str = "float16",
    decoder: str = "pyav",
    advance: Callable[[int], None] = lambda done: None,
) -> Report:
    """Encode each clip into the store `out`, in the order of `clips`; goes on where an earlier run stopped.

    Clips are encoded one by one, so that what a clip becomes depends neither on its neighbours nor on a restart.
    """
    if encoder.reads not in ("frames", "audio"):
        raise UserError(
            f"{type(encoder).__name__} reads {encoder.reads}, not files", hint="vidcap list encoders"
        )
    if len({clip.id for clip in clips}) != len(clips):
        raise DataError("two of the clips have the same id")
    recipe = {**encoder.recipe(), "decoder": decoder}
    if encoder.reads == "frames":
        recipe["short_side"] = encoder.short_side
    encoder = folded(encoder)
    report = Report()
    device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
    with FeatureWriter(out, recipe, dtype) as writer:
        done = writer.done
        todo = [clip for clip in clips if clip.id not in done]
        report.kept = len(clips) - len(todo)
        advance(report.kept)
        for clip, read in _ahead(todo, lambda clip: _read(clip, encoder, decoder), workers):
            try:
                values = torch.from_numpy(read()).to(device)[None]
                with torch.inference_mode():
                    stream = encoder(values, torch.ones(values.shape[:2], dtype=torch.bool, device=device))
                writer.add(clip.id, stream.values[0][stream.mask[0]].float().cpu().numpy())
                report.made += 1
            except (VideoError, DataError) as error:
                report.skipped.append((clip.id, str(error).replace("\n", " ")))
            advance(1)
    return report


def _read(clip: Clip, encoder: Encoder, decoder: str) -> np.ndarray:
    if clip.path is None:
        raise VideoError(f"{clip.id}: no video file is known")
    if encoder.reads == "audio":
        return read_audio(clip.path, start=clip.start, end=clip.end)
    film = read_frames(
        clip.path,
        encoder.sampling,
        start=clip.start,
        end=clip.end,
        short_side=encoder.short_side,
        decoder=decoder,
    )
    return film.values


def _ahead(
    clips: Sequence[Clip], read: Callable[[Clip], np.ndarray], workers: int
) -> Iterator[tuple[Clip, Callable[[], np.ndarray]]]:
    """Each clip with a call that gives its input, in order; threads decode a bounded number ahead."""
    waiting: deque[tuple[Clip, Future[Any]]] = deque()
    with ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            for clip in clips:
                waiting.append((clip, pool.submit(read, clip)))
                if len(waiting) > AHEAD * max(1, workers):
                    first, future = waiting.popleft()
                    yield first, future.result
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result
        finally:
            for _, future in waiting:
                future.cancel()
