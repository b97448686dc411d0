"""How a long video is cut: every so many seconds, or at its shots."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from vidcap_core.errors import UserError, VideoError

Every: TypeAlias = float | Literal["shots"] | None
"""Seconds a span, or a span a shot; None: the file as a whole."""
TAIL = 0.5
"""A rest shorter than this share of a span belongs to the span before."""
SHORTEST = 0.1
"""Seconds of the shortest span: a few pictures."""
MOST = 100_000
"""Spans of a file: 240 hours, the longest that is read, at one every nine seconds."""


def parse(text: str) -> Every:
    """What a person typed after `--every`."""
    if text == "shots":
        return "shots"
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UserError(
            f"--every '{text}': not a number of seconds above 0", hint="--every 10, or --every shots"
        )
    if seconds < SHORTEST:
        raise UserError(f"--every '{text}': at least {SHORTEST:g} s", hint="--every 10, or --every shots")
    return seconds


def spans(
    path: str | Path, duration: float, every: float | Literal["shots"], halted: Callable[[], bool]
) -> list[tuple[float, float]]:
    """Spans of a file, in order, without a gap."""
    if every == "shots":
        from vidcap_core.captioning.shots import SHORTEST, cuts

        edges = [0.0, *cuts(path, halted)]
        if len(edges) > 1 and duration - edges[-1] < SHORTEST:
            edges.pop()
    else:
        if duration / every > MOST:
            raise VideoError(
                f"{path}: {duration:g} s in spans of {every:g} s are more than {MOST:,}",
                hint=f"--every {math.ceil(duration / MOST)}",
            )
        count = max(1, math.ceil(duration / every))
        if count > 1 and duration - (count - 1) * every < TAIL * every:
            count -= 1
        edges = [number * every for number in range(count)]
    edges = [edge for edge in edges if edge < duration] or [0.0]
    return list(zip(edges, [*edges[1:], duration], strict=True))
