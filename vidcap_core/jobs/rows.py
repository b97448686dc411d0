"""What a job writes: a row a clip, or a row that says why a file has none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TypedDict

from vidcap_core.contracts.types import Prediction
from vidcap_core.errors import VideoError
from vidcap_core.files.remote import Source


class Row(TypedDict):
    """A clip with its caption; `events` where a method finds several; `error` where there is nothing else."""

    id: str
    source: str
    start: float | None
    end: float | None
    caption: str | None
    score: float | None
    events: list[dict[str, float | str | None]]
    error: str | None


def digest(source: Source | str) -> str:
    """Stands for a source in manifests: 16 bytes of its name's SHA-256."""
    return hashlib.sha256(str(source).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def rows_of(source: Source, said: Sequence[Prediction] | VideoError) -> list[Row]:
    """The rows of a file; ids are unique in a job, as files of two folders may have one name."""
    if isinstance(said, VideoError):
        return [error_row(source, said.line)]
    return [_row(source, prediction) for prediction in said]


def error_row(source: Source, reason: str) -> Row:
    """A file of which nothing could be said."""
    name = str(source)
    return Row(
        id=f"{source.stem}-{digest(source)[:8]}",
        source=name,
        start=None,
        end=None,
        caption=None,
        score=None,
        events=[],
        error=reason.removeprefix(f"{name}: "),
    )


def _row(source: Source, prediction: Prediction) -> Row:
    start, end = prediction.clip.span
    events = [asdict(event) for event in prediction.events]
    return Row(
        id=f"{prediction.clip.id}-{digest(source)[:8]}",
        source=str(source),
        start=float(start),
        end=float(end),
        caption=prediction.text,
        score=prediction.events[0].score if len(prediction.events) == 1 else None,
        events=[{key: event[key] for key in ("start", "end", "text", "score")} for event in events],
        error=None,
    )
