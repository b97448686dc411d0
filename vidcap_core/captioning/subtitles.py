"""Predictions as subtitles: SubRip (.srt) and WebVTT (.vtt), one cue an event, in seconds of the file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from vidcap_core.contracts.types import Prediction

WIDTH = 42
"""Characters a line: what fits on a screen, by broadcasters' custom."""


def srt(prediction: Prediction) -> str:
    """Numbered cues, `00:00:01,500 --> 00:00:04,000`."""
    cues = enumerate(_cues(prediction), start=1)
    return "".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n\n"
        for number, (start, end, text) in cues
    )


def vtt(prediction: Prediction) -> str:
    """Cues under a header, `00:00:01.500 --> 00:00:04.000`; what would be read as markup is escaped."""
    cues = (
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n{_escaped(text)}\n\n"
        for start, end, text in _cues(prediction)
    )
    return "WEBVTT\n\n" + "".join(cues)


def _cues(prediction: Prediction) -> Iterator[tuple[int, int, str]]:
    """Start and end in milliseconds and lines of text, in order of time; an event without a word has no cue."""
    for event in sorted(prediction.events, key=lambda event: (event.start, event.end)):
        # an empty line would end the cue, so whatever the white space is, words are wrapped anew
        lines = textwrap.wrap(" ".join(event.text.split()), WIDTH, break_on_hyphens=False)
        if lines:
            start = _milliseconds(event.start)
            yield start, max(_milliseconds(event.end), start + 1), "\n".join(lines)


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
