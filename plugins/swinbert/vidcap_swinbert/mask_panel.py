"""The learnt mask as a table of shades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def draw(data: Mapping[str, Any]) -> str:
    """How open the way is between moments: a cell for each pair, the darker the more open."""
    rows = "".join("<tr>" + "".join(_cell(float(value)) for value in row) + "</tr>" for row in data["open"])
    return (
        f'<table class="shades" aria-label="learnt mask">{rows}</table>'
        f"<p>mean share that is open off the diagonal: {float(data['density']):.3f}</p>"
    )


def _cell(value: float) -> str:
    share = min(1.0, max(0.0, value))
    return (
        f'<td style="background:rgba(60,110,180,{share:.2f});width:1.2em;height:1.2em" '
        f'title="{value:.2f}"></td>'
    )
