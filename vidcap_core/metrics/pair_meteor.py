"""METEOR of one caption against one reference, in the three steps that dense metrics need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

Backend = Literal["python", "java"]


class PairMeteor(Protocol):
    """Counts of a segment, its score, and the score of many segments together (not their mean)."""

    def stats(self, hypothesis: str, references: Sequence[str]) -> Any: ...

    def segment_score(self, stats: Any) -> float: ...

    def aggregate(self, stats: Sequence[Any]) -> float: ...


def load(backend: Backend) -> PairMeteor:
    """Our own METEOR, or the jar for comparison."""
    raise NotImplementedError(backend)
