"""What the method shows of a clip: its events and their masks over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidcap_core.api import Clip, Curve, Event, Panel, Timeline


def panels(clip: Clip, events: Sequence[Event], masks: Sequence[Sequence[float]]) -> list[Panel]:
    """One timeline with the masks [N, T]. References are added by the page."""
    start, end = clip.span
    curves = [
        Curve(f"mask {k}", tuple(np.linspace(start, end, len(row)).tolist()), tuple(row), "s", "M")
        for k, row in enumerate(masks, 1)
    ]
    return [Timeline(tuple(events), masks=tuple(curves), title="Events and their masks")]
