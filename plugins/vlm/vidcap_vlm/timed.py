"""Events out of a model's JSON: parsed strictly, repaired where nothing is guessed, or refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from vidcap_core.api import UserError
from vidcap_vlm.answer import CONTROL, THOUGHT

FENCED = re.compile(r"^```(?:json)?\s*(.*?)\s*```$", re.DOTALL)
SLACK = 0.5
"""Seconds by which a span may reach out of the clip: models count in whole or half seconds. It is cut there."""

Timed = tuple[float, float, str]
"""Start and end in seconds from the clip's start, and the text."""


def events_in(answer: str, duration: float) -> list[Timed]:
    """The events, in order of time, each once. Repaired: words around the JSON, and an answer that was cut off."""
    shown = repr(" ".join(answer.split())[:80])
    try:
        rows = _rows(THOUGHT.sub("", answer))
        if not rows:
            raise UserError(f"the model's answer holds no event: {shown}")
        return sorted({_event(row, duration) for row in rows})
    except RecursionError:
        raise UserError(f"the model's answer is nested too deeply: {shown}") from None


def _rows(answer: str) -> list[object]:
    text = answer.strip()
    if (fenced := FENCED.match(text)) is not None:
        text = fenced[1]
    try:
        data = json.loads(text)
    except ValueError:
        return list(_whole_objects(text))
    if isinstance(data, dict):
        data = data.get("events", [data])
    if not isinstance(data, list):
        raise UserError(f"the model's answer is JSON, but no list of events: {text[:80]!r}")
    return data


def _whole_objects(text: str) -> Iterator[object]:
    """The objects of a list that does not end, or has words around it; what was cut off is left out."""
    decoder, at = json.JSONDecoder(), text.find("{")
    if "[" not in text[: max(at, 0)]:
        return
    rest = text[at:]
    while rest.startswith("{"):
        try:
            row, end = decoder.raw_decode(rest)
        except ValueError:
            break
        yield row
        rest = rest[end:].lstrip()
        if rest.startswith(","):
            rest = rest[1:].lstrip()
        elif not rest.startswith("]"):
            break
    if "}" in rest or ("{" in rest and rest.startswith("]")):  # more than what was cut off, or words
        raise UserError(f"the JSON of the model's answer is broken: {' '.join(rest.split())[:80]!r}")


def _event(row: object, duration: float) -> Timed:
    shown = json.dumps(row)[:80]
    if not isinstance(row, dict) or not {"start", "end", "text"} <= row.keys():
        raise UserError(f"an event of the model's answer lacks start, end or text: {shown}")
    start, end, text = _seconds(row["start"], shown), _seconds(row["end"], shown), row["text"]
    if not isinstance(text, str) or not CONTROL.sub(" ", text).strip():
        raise UserError(f"an event of the model's answer has no text: {shown}")
    if not (-SLACK <= start <= end <= duration + SLACK):
        raise UserError(f"an event of the model's answer is not inside a clip of {duration:.1f} s: {shown}")
    text = " ".join(CONTROL.sub(" ", text).split())
    return min(max(start, 0.0), duration), max(min(end, duration), 0.0), text


def _seconds(value: object, shown: str) -> float:
    """A number, or such a text as "0:02.5"."""
    if isinstance(value, str) and re.fullmatch(r"(\d+:)?(\d+:)?\d+(\.\d+)?\s*s?", value.strip()):
        parts = value.strip().rstrip("s ").split(":")
        return float(sum(float(part) * 60**power for power, part in enumerate(reversed(parts))))
    wrong = UserError(f"a time of the model's answer is no number of seconds: {shown}")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong
    try:
        seconds = float(value)
    except OverflowError:
        raise wrong from None
    if not math.isfinite(seconds):
        raise wrong
    return seconds
