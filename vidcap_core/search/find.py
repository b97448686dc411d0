"""Which films and pictures show what a text says, and when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch.nn import functional

from vidcap_core.captioning.clip_streams import Encoded, Reader
from vidcap_core.captioning.flow import cores
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.encoders.batchnorm_folding import folded
from vidcap_core.errors import VideoError
from vidcap_core.files.prefetch import ahead, threads_shared
from vidcap_core.search.index import Index, Rows, stamp
from vidcap_core.video.probe import probe

EVERY = 2.0
"""Seconds between two pictures of a long film; of a short one there are as many as the encoder wants of a clip."""
SAVE = 60.0
"""Seconds after which what was read is saved, in case that the process is killed."""
STREAM = "pictures"


@dataclass(frozen=True, slots=True)
class Match:
    """A file, the cosine of the text and its best picture, and when that is; a still picture has no time."""

    path: Path
    score: float
    time: float | None


def read(
    files: Sequence[Path], encoder: Encoder, index: Index, every: float = EVERY, workers: int | None = None
) -> Iterator[tuple[Path, VideoError | None]]:
    """Read files that the index does not know as they are, each with why it cannot be read; saves the index."""
    reader = Reader({STREAM: folded(encoder)})
    workers = max(1, min(len(files), workers or cores()))
    produce = partial(_clips, reader, _span(encoder, every))
    saved = time.monotonic()
    try:
        with threads_shared(workers) as prepare:
            for path, clips in ahead(files, produce, workers, prepare=prepare):
                changed = stamp(path)
                try:
                    rows = _rows(list(clips))
                except VideoError as error:
                    yield path, error
                    continue
                if changed is not None:
                    index.put(path, Rows(changed, *rows))
                if time.monotonic() - saved > SAVE:
                    index.save()
                    saved = time.monotonic()
                yield path, None
    finally:
        index.save()


def rank(query: np.ndarray, rows: Mapping[Path, Rows]) -> list[Match]:
    """Files by their best picture, the best first."""
    matches = []
    for path, each in rows.items():
        scores = each.values.astype(np.float32) @ query
        best = int(scores.argmax())
        matches.append(
            Match(path, float(scores[best]), None if each.times is None else float(each.times[best]))
        )
    return sorted(matches, key=lambda match: -match.score)


def _span(encoder: Encoder, every: float) -> float:
    """Seconds that are read side by side: as many pictures as the encoder wants of a clip."""
    return every * int(encoder.sampling.get("count", 20))


def _clips(reader: Reader, span: float, path: Path, halted: Callable[[], bool]) -> Iterator[Encoded]:
    try:
        long = probe(path).duration > span
    except VideoError:
        long = False  # reading it says why
    yield from reader.read_safely(path, span if long else None, halted)


def _rows(clips: Sequence[Encoded]) -> tuple[np.ndarray, np.ndarray | None]:
    """Values and times of a file's pictures."""
    streams = [clip.streams[STREAM] for clip in clips]
    values = [functional.normalize(stream.values.float(), dim=-1).cpu().numpy() for stream in streams]
    rows = np.concatenate(values).astype(np.float16)
    if not clips[0].clip.duration:
        return rows[:1], None
    times = [
        np.full(len(stream.values), clip.clip.span[0]) if stream.times is None else stream.times.cpu().numpy()
        for clip, stream in zip(clips, streams, strict=True)
    ]
    return rows, np.concatenate(times)
