"""What the method shows of a clip: its events, all its queries, and how many events it counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidcap_core.api import Bars, Curve, Event, Panel, Timeline, View

SHOWN = 20
"""Queries that are drawn, the surest first."""


def panels(view: View, clip: int, events: Sequence[Event]) -> list[Panel]:
    """Of a clip by its number in the batch: queries as high as their scores. References are added by the page."""
    own = [row for row, of in enumerate(view.clips) if of == clip]
    scores = view.scores or ()
    queries = [
        Curve(
            f"query {row - own[0]}", (start, start, end, end), (0, scores[row], scores[row], 0), "s", "score"
        )
        for row in sorted(own, key=lambda row: -scores[row])[:SHOWN]
        for start, end in [view.spans[row] or (0.0, 0.0)]
    ]
    logits = np.array(view.extras["numbers"][clip])
    chances = np.exp(logits - logits.max())
    counts = {str(number): float(share) for number, share in enumerate(chances / chances.sum())}
    return [
        Timeline(tuple(events), masks=tuple(queries), title="Events, and queries as high as their scores"),
        Bars(counts, (str(int(logits.argmax())),), title="How many events"),
    ]
