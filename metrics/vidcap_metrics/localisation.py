"""How well events are placed in time, whatever they say; and what placing them blindly would score.

P(θ) = share of predictions with tIoU > θ to any reference;  R(θ) = share of references found so
per clip the best annotator, for P and R apart; mean over clips; mean over θ
F1 = 2 P R / (P + R) of the averaged P and R;  F1-mean = mean over θ of each θ's F1
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.arrays import Floats, Ints
from vidcap_metrics.event import Event
from vidcap_metrics.intervals import Events, Pairs, Spans

HitsOf = Callable[[Pairs], list[NDArray[np.bool_]]]
TIOUS = (0.3, 0.5, 0.7, 0.9)
SECONDS = (1, 3, 5, 10, 30, 60)
"""How far a predicted start may be off in the navigation scores."""


@dataclass(frozen=True)
class Located:
    """Precision and recall by threshold and clip, arrays [thresholds, clips]."""

    precision: Floats
    recall: Floats

    @property
    def values(self) -> dict[str, float]:
        """P, R and both kinds of F1."""
        p, r = self.precision.mean(1), self.recall.mean(1)
        return {
            "P": float(p.mean()),
            "R": float(r.mean()),
            "F1": float(f1(p.mean(), r.mean())),
            "F1-mean": float(f1(p, r).mean()),
        }


def f1(precision: Floats | float, recall: Floats | float) -> Floats:
    """Harmonic mean, 0 where both are 0."""
    total = np.add(precision, recall)
    product = 2 * np.multiply(precision, recall)
    return np.asarray(np.divide(product, total, out=np.zeros_like(total, dtype=np.float64), where=total > 0))


def at(tious: Sequence[float]) -> str:
    """What a signature says of thresholds that are not the usual ones."""
    return "" if tuple(tious) == TIOUS else "@" + ",".join(f"{level:g}" for level in tious)


class Timing:
    """The references' intervals of some clips, ready to be compared with predictions again and again."""

    def __init__(self, clips: Sequence[str], files: Sequence[Events]) -> None:
        self.clips = list(clips)
        self.spans = [Spans.of(self.clips, file) for file in files]

    def locate(self, predictions: Events, tious: Sequence[float] = TIOUS) -> Located:
        """P and R by tIoU."""
        return self._score(predictions, lambda pairs: [pairs.tiou > level for level in tious], len(tious))

    def navigate(self, predictions: Events, seconds: Sequence[float] = SECONDS) -> Located:
        """P and R of starts alone: |difference| < so many seconds."""
        return self._score(predictions, lambda pairs: [pairs.gap < limit for limit in seconds], len(seconds))

    def in_order(self, predictions: Events) -> Floats:
        """Per clip: tIoU of k-th prediction and reference by start, over the longer list; best annotator."""
        spans = Spans.of(self.clips, by_start(predictions))
        best = np.zeros(len(self.clips))
        for reference in self._sorted:
            pairs = Pairs.of(spans, reference)
            same = pairs.prediction - spans.first[pairs.clip] == pairs.reference - reference.first[pairs.clip]
            total = np.bincount(pairs.clip[same], pairs.tiou[same], len(self.clips))
            best = np.maximum(best, total / np.maximum(1, np.maximum(spans.counts, reference.counts)))
        return best

    @property
    def _sorted(self) -> list[Spans]:
        out = []
        for spans in self.spans:
            order = np.lexsort((spans.start, spans.clip))
            out.append(Spans(spans.start[order], spans.end[order], spans.counts))
        return out

    def _score(self, predictions: Events, hits_of: HitsOf, levels: int) -> Located:
        spans = Spans.of(self.clips, predictions)
        precision = np.zeros((levels, len(self.clips)))
        recall = np.zeros_like(precision)
        for reference in self.spans:
            pairs = Pairs.of(spans, reference)
            for level, hit in enumerate(hits_of(pairs)):
                matched = share(spans, pairs.prediction[hit])
                covered = share(reference, pairs.reference[hit])
                precision[level] = np.maximum(precision[level], matched)
                recall[level] = np.maximum(recall[level], covered)
        return Located(precision, recall)


def share(spans: Spans, hit: Ints) -> Floats:
    """Per clip: which part of its events is among those hit."""
    marked = np.zeros(len(spans.start))
    marked[hit] = 1
    return np.asarray(np.bincount(spans.clip, marked, len(spans.counts)) / np.maximum(1, spans.counts))


def by_start(events: Events) -> dict[str, list[Event]]:
    """Every clip's events by their start; ties stay as they were."""
    return {clip: sorted(clip_events, key=lambda event: event.start) for clip, clip_events in events.items()}
