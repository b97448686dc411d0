"""METEOR as a caption metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidcap_metrics.metric import Values
from vidcap_metrics.pair_meteor import Backend, PairMeteor, load


class Meteor:
    """Corpus METEOR from counts summed over clips, and METEOR of each clip.

    backend: "python", this package's own, or "java", the published jar, to compare with.
    """

    name = "meteor"

    def __init__(self, backend: Backend = "python") -> None:
        self.engine: PairMeteor = load(backend)
        self.version = "1.5.1" if backend == "python" else "1.5-java"

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The references, looked up."""
        prepared = {clip: list(lines) for clip, lines in references.items()}
        self.engine.prepare_all(line for lines in prepared.values() for line in lines)
        return prepared

    def score(self, prepared: Mapping[str, Sequence[str]], predictions: Mapping[str, str]) -> Values:
        """Corpus and clips."""
        self.engine.prepare_all(predictions.values())
        stats = {clip: self.engine.stats(text, prepared[clip]) for clip, text in predictions.items()}
        clips = {clip: self.engine.segment_score(segment) for clip, segment in stats.items()}
        return Values({"METEOR": self.engine.aggregate(list(stats.values()))}, {"METEOR": clips})
