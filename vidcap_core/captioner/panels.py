"""What a head shows of its finished texts; a failure there costs the panels, never the texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.panels import Panel, to_plain
from vidcap_core.contracts.types import Prediction
from vidcap_core.errors import in_a_line

FAILED = "panels_failed"
"""Under this name `Prediction.extras` says why a clip has no panels."""


def shown_panels(head: Head, clips: int, *arguments: Any) -> tuple[list[list[Panel]], dict[str, str]]:
    """Panels by clip from `head.explain(*arguments)`; where it fails none, and extras that say why."""
    try:
        panels = [list(shown) for shown in head.explain(*arguments)]
        if len(panels) != clips:
            raise ValueError(f"{len(panels)} lists of panels for {clips} clips")
        for panel in (panel for shown in panels for panel in shown):
            to_plain(panel)  # what cannot be stored must fail here, and not when a finished run is written
    except Exception as error:
        return [[] for _ in range(clips)], {FAILED: f"{type(head).__name__}.explain: {in_a_line(error)}"}
    return panels, {}


def panel_warnings(predictions: Iterable[Prediction]) -> list[str]:
    """One line for people, however many clips lack their panels; none where none does."""
    reasons = [p.extras[FAILED] for p in predictions if FAILED in p.extras]
    clips = f"{len(reasons)} {'clip' if len(reasons) == 1 else 'clips'}"
    return [f"no panels of {clips}: {reasons[0]}; their captions stand"] if reasons else []
