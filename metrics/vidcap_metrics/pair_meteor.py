"""METEOR in the three steps that dense metrics need: counts of a pair, its score, many pairs together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

Backend = Literal["python", "java"]


class PairMeteor(Protocol):
    """What counts a segment's matches, and makes scores of the counts."""

    def prepare_all(self, sentences: Iterable[str]) -> None:
        """Look up what is known of the sentences that are to come, together, where that is faster."""
        ...

    def stats(self, hypothesis: str, references: Sequence[str]) -> Any:
        """Counts of one tokenised caption against its references."""
        ...

    def segment_score(self, stats: Any) -> float:
        """The score of one segment."""
        ...

    def aggregate(self, stats: Sequence[Any]) -> float:
        """The score of many segments together, which is not their mean."""
        ...


def engine_setting(meteor: PairMeteor | None) -> dict[str, str]:
    """What a signature says of an engine that is not our own."""
    own = meteor is None or type(meteor).__name__ == "MeteorEngine"
    return {} if own else {"meteor": type(meteor).__name__}


def load(backend: Backend) -> PairMeteor:
    """Our own METEOR, or the jar for comparison."""
    if backend == "java":
        from vidcap_metrics.meteor_jar import JarMeteor

        return JarMeteor()
    from vidcap_metrics.meteor.engine import MeteorEngine

    return MeteorEngine()
