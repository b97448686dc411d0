"""A text with its time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """A text with its time. A plain caption is one event that spans its clip."""

    start: float
    end: float
    text: str
    score: float | None = None
