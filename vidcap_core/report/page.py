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
from vidcap_core.report.scores_section import section
from vidcap_metrics.counted import counted
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
    """what a reader asks first"""
    clips: Sequence[ClipView]
    made_by: Sequence[tuple[str, str]] = ()
    """data, machine and versions: shown when it is unfolded"""
    scores: Sequence[tuple[str, float, str]] = ()
    """name, value, signature"""
    best: str | None = None
    """the score by which the best weights are chosen"""
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
        facts=_facts(page.facts),
        notes="".join(
            f'<p class="note">{escape(note)}</p>' for note in (*page.notes, *_about_frames(page, len(shown)))
        ),
        scores=section(page.scores, page.best),
        exports=_exports(page.exports),
        details=_made_by(page.made_by)
        + "".join(
            f"<details><summary>{escape(name)}</summary>"
            f'<pre tabindex="0" role="region" aria-label="{escape(name)}">{escape(text)}</pre></details>'
            for name, text in page.details
        ),
        count=f"{len(page.clips):,}",
    ).split("<!-- data -->")
    yield start
    charts = [_chart(chart) for chart in page.charts]
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
    inside = f"This page has frames of {shown:,} of {counted(len(page.clips), 'clip')}"
    return [f"{inside}: those with panels{best}, then the first."]


def _readable(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _chart(chart: Chart) -> dict[str, Any]:
    curves = [to_plain(thinned(curve)) for curve in chart.curves]
    named = [
        {**curve, "name": chart.title if curve["name"] == chart.name else curve["name"]} for curve in curves
    ]
    return {"name": chart.title, "curves": named}


def _data(name: str, data: object) -> str:
    return f'<script type="application/json" id="{name}">{embedded(data)}</script>\n'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


def _made_by(facts: Sequence[tuple[str, str]]) -> str:
    return f"<details><summary>Data, machine and versions</summary>{_facts(facts)}</details>" if facts else ""


def _exports(names: Sequence[str]) -> str:
    """Links to files beside the page, those of a curve in one row."""
    if not names:
        return ""
    rows: dict[str, list[str]] = {}
    for name in names:
        path = Path(name)
        link = (
            f'<a href="{escape(name)}" aria-label="{escape(path.name)}">{escape(path.suffix[1:].upper())}</a>'
        )
        rows.setdefault(path.stem, []).append(link)
    items = "".join(f"<li>{escape(stem)} {' '.join(links)}</li>" for stem, links in rows.items())
    return f'<details class="files"><summary>Curves as PNG and CSV</summary><ul>{items}</ul></details>'
