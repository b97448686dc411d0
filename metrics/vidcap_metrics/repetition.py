"""How much a text repeats itself: the share of its n-grams that were there before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from vidcap_metrics import ptb
from vidcap_metrics.event_metric import EventMetric, EventReferences, Part
from vidcap_metrics.intervals import Events
from vidcap_metrics.metric import Values
from vidcap_metrics.scorer import Missing

ORDERS = (1, 2, 3, 4)


def repeated(sentences: Iterable[Sequence[str]], n: int) -> float:
    """Σ (count − 1) / Σ count over the n-grams of all sentences together; 0 where there is none."""
    counts = Counter(tuple(words[i : i + n]) for words in sentences for i in range(len(words) - n + 1))
    total = sum(counts.values())
    return (total - len(counts)) / total if total else 0.0


class Repetition:
    """Rep-1 … Rep-4 of each text as a whole, a caption or a paragraph; mean over clips. Lower is better."""

    name = "repetition"
    version = "1"
    describes = tuple(f"Rep-{n}" for n in ORDERS)

    def prepare(self, references: Mapping[str, Sequence[str]]) -> None:
        """Nothing: references play no part."""

    def score(self, prepared: None, predictions: Mapping[str, str]) -> Values:
        """All four, over the corpus and of each clip."""
        words = {clip: text.split() for clip, text in predictions.items()}
        return _values("Rep-", {clip: [each] for clip, each in words.items()})


class EventRepetition(EventMetric):
    """R@1 … R@4: the n-grams of all sentences of a clip, none across two of them; mean over clips. Lower is better.

    A clip without a prediction repeats nothing.
    """

    name = "event-repetition"
    version = "1"
    describes = tuple(f"R@{n}" for n in ORDERS)
    reads_durations: ClassVar[bool] = False

    def __init__(self, missing: Missing = "error") -> None:
        self.missing = missing

    def prepare(self, references: EventReferences) -> None:
        """Nothing: references only say which clips there are."""

    def parts(self, prepared: None, clips: Sequence[str], predictions: Events) -> list[Part]:
        """All four."""
        events = {clip: predictions.get(clip, ()) for clip in clips}
        lines = iter(ptb.tokenize([event.text for each in events.values() for event in each]))
        sentences = {clip: [next(lines).split() for _ in each] for clip, each in events.items()}
        return [Part(self.name, ptb.NAME, _values("R@", sentences), len(clips))]


def _values(name: str, sentences: Mapping[str, Sequence[Sequence[str]]]) -> Values:
    clips = {f"{name}{n}": {clip: repeated(each, n) for clip, each in sentences.items()} for n in ORDERS}
    return Values(
        {key: float(np.mean(list(each.values()))) if each else 0.0 for key, each in clips.items()}, clips
    )
