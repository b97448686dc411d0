"""Objects that a caption names and its clip does not show, in the manner of CHAIR (Rohrbach et al., 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vidcap_metrics.arrays import Floats
from vidcap_metrics.metric import Additive, Values
from vidcap_metrics.object_words import read_clip_objects, read_object_words
from vidcap_metrics.signature import hash_captions

Named = Mapping[str, Sequence[str]] | str | Path


class Hallucination:
    """CHAIR-i, CHAIR-s (both: lower is better) and Object-recall.

    CHAIR-i = mentions of objects that the clip does not show / mentions of objects. CHAIR-s = captions with such a
    mention / captions. Object-recall = objects shown and named / objects shown. A clip shows what its references
    name, and what `objects` says.

    words: a JSON file or mapping, {object: [other words for it]}. objects: the same, {clip: [objects]}, besides the
    references.
    """

    name = "hallucination"
    version = "1"
    describes = ("CHAIR-i", "CHAIR-s")  # shares of what the references do not have

    def __init__(self, words: Named, objects: Named | None = None) -> None:
        self.words = read_object_words(words)
        self.objects = read_clip_objects(objects, self.words) if objects is not None else {}
        self.settings = {"words": self.words.hash}
        if self.objects:
            self.settings["objects"] = hash_captions({c: sorted(names) for c, names in self.objects.items()})

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
        """What each clip shows."""
        return {
            clip: self.objects.get(clip, frozenset()).union(*(self.words.mentions(line) for line in lines))
            for clip, lines in references.items()
        }

    def score(self, prepared: dict[str, frozenset[str]], predictions: Mapping[str, str]) -> Values:
        """All three; shares of nothing are 0."""
        parts = np.array([self._parts(prepared[clip], text) for clip, text in predictions.items()])
        parts = parts.reshape(-1, 6).astype(np.float64)
        by_clip = _shares(parts)
        return Values(
            {name: float(value[0]) for name, value in _shares(parts.sum(0, keepdims=True)).items()},
            {
                name: dict(zip(predictions, map(float, values), strict=True))
                for name, values in by_clip.items()
            },
            Additive(parts, _shares),
        )

    def _parts(self, shown: frozenset[str], text: str) -> tuple[int, ...]:
        named = self.words.mentions(text)
        wrong = sum(name not in shown for name in named)
        return wrong, len(named), int(wrong > 0), 1, len(shown.intersection(named)), len(shown)


def _shares(sums: Floats) -> dict[str, Floats]:
    """Three shares of sums [samples, 6]."""
    names = ("CHAIR-i", "CHAIR-s", "Object-recall")
    return {name: sums[:, 2 * k] / np.maximum(1, sums[:, 2 * k + 1]) for k, name in enumerate(names)}
