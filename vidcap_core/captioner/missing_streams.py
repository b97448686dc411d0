"""Streams that a head reads and some clips lacked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vidcap_metrics.counted import counted


def absent_streams(names: Iterable[str], present: Sequence[Iterable[str]]) -> list[str]:
    """One line a stream that is missing somewhere; `present` says which streams each clip had."""
    had = [set(streams) for streams in present]
    lacking = {name: sum(name not in streams for streams in had) for name in names}
    return [
        f"the stream '{name}' was missing in {count:,} of {counted(len(had), 'clip')}; they were captioned without it"
        for name, count in lacking.items()
        if count
    ]
