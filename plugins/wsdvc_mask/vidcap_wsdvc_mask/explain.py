"""What the method shows of a clip: its events and their masks over time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vidcap_core.api import Clip, Curve, Event, Panel, Timeline


def panels(clip: Clip, events: Sequence[Event], masks: Tensor | None) -> list[Panel]:
    """One timeline; `masks` [N, T] may be unknown. References are added by the page."""
    curves: list[Curve] = []
    if masks is not None and len(masks):
        start, end = clip.span
        seconds = tuple(torch.linspace(start, end, masks.shape[1]).tolist())
        curves = [
            Curve(f"mask {k}", seconds, tuple(row), "s", "M") for k, row in enumerate(masks.tolist(), 1)
        ]
    return [Timeline(tuple(events), masks=tuple(curves), title="Events and their masks")]
