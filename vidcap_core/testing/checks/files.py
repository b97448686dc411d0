"""Checks of a captioner on real files: two films that are not square, with sound."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from vidcap_core.captioner.build import add_extractors
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.events import SLACK
from vidcap_core.captioning.captions import Captions
from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.contracts.types import Batch, Clip
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken, Checks, Skipped, expect
from vidcap_core.testing.films import two_films
from vidcap_core.testing.parts import Parts, must_say, quiet, talkative

LONGER, LATER = 3.0, 7.0
"""Clips are made this many times as long, and begin so many seconds later in their files."""


def captions_files(parts: Parts) -> None:
    """Two films, wide and high, with sound, are captioned through the config's encoders, one of them twice alike."""
    captioner = talkative(parts.fresh()).eval()
    add_extractors(captioner, parts.recipe)
    try:
        files = FileCaptioner(captioner, parts.recipe.name)
    except UserError as error:
        raise Skipped(f"the config has no way from files: {error.line}") from None
    two_captioned(files)


def two_captioned(files: FileCaptioner) -> None:
    """Caption two films, and the first one again."""
    with TemporaryDirectory(prefix="vidcap-") as folder:
        wide, high = two_films(Path(folder))
        first, other, again = (quiet(files, str(path)) for path in (wide, high, wide))
    for path, captions in ((wide, first), (high, other)):
        _check_events(path.name, captions)
        if must_say(files.captioner) and not any(event.text for event in captions.events):
            raise Broken(f"{path.name} captioned", "that something is said of it; nothing is")
    expect(
        _plain(first) == _plain(again),
        f"{high.name} captioned, then {wide.name} again",
        f"what is said of {wide.name}; {_plain(first)} became {_plain(again)}",
    )


def spans(parts: Parts) -> None:
    """Spans of events are finite, in order, inside the clip, and seconds: those of longer clips are longer."""
    captioner, batch = talkative(parts.fresh()).eval(), parts.batch()
    longer = replace(batch, clips=tuple(_stretched(clip) for clip in batch.clips))
    plans = [quiet(_spans, captioner, clips) for clips in (batch, longer)]
    if not any(plans):
        raise Skipped("the head finds no events: each clip is captioned as a whole")
    for changed, clips, found in (
        ("nothing", batch, plans[0]),
        (f"clips {LONGER:g} times as long, {LATER:g} s into their files", longer, plans[1]),
    ):
        for index, (start, end) in found:
            low, high = clips.clips[index].span
            where = (
                f"the span of an event lies in its clip, {low:g} to {high:g} s, and is finite and in order"
            )
            ordered = (
                math.isfinite(start) and math.isfinite(end) and low - SLACK <= start <= end <= high + SLACK
            )
            expect(ordered, changed, f"{where}; it is {start:g} to {end:g}")
    lengths = [sum(end - start for _, (start, end) in plan) for plan in plans]
    expect(
        not math.isclose(lengths[0], lengths[1], rel_tol=0.01),
        f"clips {LONGER:g} times as long",
        f"that spans are in seconds; they are {lengths[0]:.3g} s together, as before (shares of the clip?)",
    )


CHECKS: Checks = {"files": captions_files, "spans": spans}


def _stretched(clip: Clip) -> Clip:
    """Longer, and later in its file."""
    start, end = clip.span
    end = LATER + (end - start) * LONGER
    return replace(clip, start=LATER, end=end, duration=end + 1)


def _spans(captioner: Captioner, batch: Batch) -> list[tuple[int, tuple[float, float]]]:
    """Clip and span of each row that has a span of its own."""
    views = captioner.head.plan(captioner.streams(batch), batch, lambda view: captioner.write(view, batch))
    rows = [pair for view in views for pair in zip(view.clips, view.spans, strict=True)]
    return [(index, span) for index, span in rows if span is not None]


def _check_events(name: str, captions: Captions) -> None:
    for event in captions.events:
        right = (
            math.isfinite(event.start)
            and 0 <= event.start <= event.end <= (captions.clip.duration or 0) + 1e-3
        )
        expect(
            right,
            f"{name} captioned",
            f"that times lie in the film; an event lies at {event.start} to {event.end}",
        )
        expect(
            event.score is None or math.isfinite(event.score),
            f"{name} captioned",
            f"that scores are finite; '{event.text}' has {event.score}",
        )


def _plain(captions: Captions) -> list[tuple[float, float, str, float | None]]:
    return [(e.start, e.end, e.text, None if e.score is None else round(e.score, 4)) for e in captions.events]
