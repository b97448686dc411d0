"""Events of many clips as flat arrays, and their overlaps in time.

tIoU(a, b) = max(0, min(ends) − max(starts)) / (min(max(ends) − min(starts), |a| + |b|) + 1e-8)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.arrays import Floats, Ints
from vidcap_metrics.event import Event

Events = Mapping[str, Sequence[Event]]
EPSILON = 1e-8


@dataclass(frozen=True)
class Spans:
    """Starts and ends of all events, clip after clip."""

    start: Floats
    end: Floats
    counts: Ints
    """per clip: how many events"""

    @classmethod
    def of(cls, clips: Sequence[str], events: Events) -> Spans:
        """The events of these clips, in this order; a clip that has none counts 0."""
        lists = [events.get(clip, ()) for clip in clips]
        return cls(
            np.array([event.start for clip_events in lists for event in clip_events], np.float64),
            np.array([event.end for clip_events in lists for event in clip_events], np.float64),
            np.fromiter(map(len, lists), np.int64, len(lists)),
        )

    @cached_property
    def clip(self) -> Ints:
        """Per event: number of its clip."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def first(self) -> Ints:
        """Per clip: number of its first event."""
        return np.cumsum(self.counts) - self.counts


@dataclass(frozen=True)
class Pairs:
    """Every predicted event with every reference event of its clip."""

    clip: Ints
    prediction: Ints
    reference: Ints
    tiou: Floats
    gap: Floats
    """|difference of the starts| in seconds"""

    @classmethod
    def of(cls, predictions: Spans, references: Spans) -> Pairs:
        """All pairs; within a clip predictions are the outer loop."""
        sizes = predictions.counts * references.counts
        clip = np.repeat(np.arange(len(sizes)), sizes)
        inside = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        outer, inner = np.divmod(inside, np.maximum(1, references.counts)[clip])
        p, r = predictions.first[clip] + outer, references.first[clip] + inner
        start, end = predictions.start[p], predictions.end[p]
        start_r, end_r = references.start[r], references.end[r]
        common = np.maximum(0, np.minimum(end, end_r) - np.maximum(start, start_r))
        union = np.minimum(np.maximum(end, end_r) - np.minimum(start, start_r), end - start + end_r - start_r)
        return cls(clip, p, r, common / (union + EPSILON), np.abs(start - start_r))

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """Some of the pairs."""
        return Pairs(
            self.clip[mask], self.prediction[mask], self.reference[mask], self.tiou[mask], self.gap[mask]
        )
