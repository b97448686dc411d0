"""One self-contained HTML file: styles, script and data inside, and a policy that forbids the network."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from vidcap_core.contracts.panels import to_plain
from vidcap_core.report.clips import ClipView, films
from vidcap_core.report.curves import Chart, thinned
from vidcap_metrics.files.atomic import whole_text

SCRIPTS = ("dom.js", "chart.js", "panels.js", "clip.js", "list.js")
FRAMES = 96
"""Clips whose frames go into a page, unless told otherwise: a page must stay small enough to open at once."""
SECONDS = 90.0
"""How long reading frames may take, unless told otherwise: a run must not wait for its page."""


@dataclass(frozen=True)
class Page:
    """What a page shows."""

    title: str
    summary: str
    facts: Sequence[tuple[str, str]]
    clips: Sequence[ClipView]
    scores: Sequence[tuple[str, float, str]] = ()
    """name, value, signature"""
    metric: str | None = None
    """the score that says which clips are best"""
    charts: Sequence[Chart] = ()
    exports: Sequence[str] = ()
    """files beside the page"""
    details: Sequence[tuple[str, str]] = ()
    """long texts to unfold: the config"""
    notes: Sequence[str] = ()


def write(page: Page, path: Path, frames: int | None = None) -> Path:
    """Write a page whole or not at all, with frames of at most so many clips.

    Without a number `FRAMES` clips, and fewer where reading them takes longer than `SECONDS`.
    """
    with whole_text(path) as file:
        file.writelines(pieces(page, frames))
    return path


def pieces(page: Page, frames: int | None = None) -> Iterable[str]:
    """The page piece by piece."""
    limit, seconds = (FRAMES, SECONDS) if frames is None else (frames, math.inf)
    shown = films(page.clips, page.metric, limit, seconds)
    script = "\n".join(static(name) for name in SCRIPTS)
    template = Template(static("page.html"))
    start, end = template.substitute(
        title=escape(page.title),
        summary=escape(page.summary),
        style=static("page.css"),
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        facts="".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in page.facts
        ),
        notes="".join(
            f'<p class="note">{escape(note)}</p>' for note in (*page.notes, *_about_frames(page, len(shown)))
        ),
        scores=_scores(page.scores),
        exports=_exports(page.exports),
        details="".join(
            f"<details><summary>{escape(name)}</summary><pre tabindex='0'>{escape(text)}</pre></details>"
            for name, text in page.details
        ),
        count=f"{len(page.clips):,}",
    ).split("<!-- data -->")
    yield start
    charts = [
        {"name": c.name, "curves": [to_plain(thinned(curve)) for curve in c.curves]} for c in page.charts
    ]
    light = [clip.light() for clip in page.clips]
    yield _data("page-data", {"clips": light, "charts": charts, "metric": page.metric})
    for index, clip in enumerate(page.clips):
        yield _data(f"clip-{index}", clip.heavy(shown.get(index)))
    yield end


@lru_cache
def static(name: str) -> str:
    """A file that ships with the package."""
    return (resources.files("vidcap_core.report") / "static" / name).read_text(encoding="utf-8")


def embedded(data: object) -> str:
    """JSON that may stand inside a script element, whatever texts it holds."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def facts_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values for a person; what is unknown is left out."""
    return [(name, _readable(value)) for name, value in values.items() if value not in (None, "", {}, [])]


def _about_frames(page: Page, shown: int) -> list[str]:
    if shown >= len(page.clips) or not any(clip.path for clip in page.clips):
        return []
    best = ", then the best and the worst" if page.metric else ""
    inside = f"Frames of {shown:,} of {len(page.clips):,} clips are inside this page"
    return [f"{inside}: those with panels{best}, then the first."]


def _readable(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _data(name: str, data: object) -> str:
    return f'<script type="application/json" id="{name}">{embedded(data)}</script>\n'


def _scores(rows: Sequence[tuple[str, float, str]]) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{value:.4f}</td>'
        f"<td><code>{escape(signature)}</code></td></tr>"
        for name, value, signature in rows
    )
    return Template(static("scores.html")).substitute(rows=body)


def _exports(names: Sequence[str]) -> str:
    if not names:
        return ""
    links = " · ".join(
        f'<a href="{escape(name, quote=True)}">{escape(Path(name).name)}</a>' for name in names
    )
    return f'<p class="files">Beside this page: {links}</p>'
