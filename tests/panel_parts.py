"""Heads whose panels fail, heads that find nothing, and data in which nothing happens, for real runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vidcap_core.contracts.types import Event
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.heads.transformer import SmallTransformer
from vidcap_core.testing.tiny import TinyClips


class Raises(MeanPoolGRU):
    """Its panels raise."""

    def explain(self, *arguments: Any) -> Any:
        raise ValueError("the attention was\nnot kept")


class TooFew(MeanPoolGRU):
    """Its panels are not those of its clips."""

    def explain(self, *arguments: Any) -> Any:
        return [[]]


class Unstorable(MeanPoolGRU):
    """Its panels are none."""

    def explain(self, *arguments: Any) -> Any:
        return [[object()] for _ in arguments[-1]]


class Interrupted(MeanPoolGRU):
    """A person stops it while it explains."""

    def explain(self, *arguments: Any) -> Any:
        raise KeyboardInterrupt


class Silent(MeanPoolGRU):
    """It finds nothing to caption."""

    def plan(self, *arguments: Any) -> Any:
        return []


class SilentOnFiles(SmallTransformer):
    """The same on the toy's frames."""

    def plan(self, *arguments: Any) -> Any:
        return []


class RaisesOnFiles(SmallTransformer):
    """Panels that raise, on the toy's frames."""

    def explain(self, *arguments: Any) -> Any:
        raise ValueError("the attention was not kept")


class Uneventful(TinyClips):
    """In the first `quiet` clips nothing happens; absent: then they are not even in the mappings."""

    def __init__(self, quiet: int = 8, absent: bool = False, unit: str = "clip") -> None:
        super().__init__(unit=unit)
        self.quiet = {clip.id for clip in self.clips[:quiet]}
        self.absent = absent

    def references(self) -> dict[str, list[str]]:
        return self._quietened(super().references(), [])

    def events(self) -> list[dict[str, list[Event]]]:
        return [self._quietened(file, []) for file in super().events()]

    def _quietened(self, said: Mapping[str, Sequence[Any]], nothing: list[Any]) -> dict[str, Any]:
        kept = {clip: nothing if clip in self.quiet else list(items) for clip, items in said.items()}
        return {clip: items for clip, items in kept.items() if items or not self.absent}
