"""From the texts of a view to the events of its clips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.hypotheses import Hyp, Rows
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Clip, Event, View
from vidcap_core.errors import UserError

PROBLEM = "problem"
"""Under which a prediction's extras say why a clip has no text."""
SLACK = 0.05
"""Seconds by which a span may reach out of its clip, as roundings do; it is cut there."""


@dataclass(frozen=True, slots=True)
class Written:
    """An event, its words with their log-probabilities, and the texts that its own was preferred to."""

    event: Event
    words: dict[str, Any]
    others: list[str]


def events_of(
    head: Head, view: View, rows: Rows, batch: Batch, tokenizer: Tokenizer, sentence: bool = False
) -> list[tuple[int, Written]]:
    """The events of a view with the index of their clip, without those that the head drops.

    sentence: whether texts get a capital letter and a full stop.
    """
    name, scores = type(head).__name__, head.rank(view, rows)
    if not len(scores) == len(rows) == len(view.clips) == len(view.spans):
        raise UserError(
            f"{name}: a view of {len(view.clips)} rows has {len(view.spans)} spans, {len(rows)} texts and "
            f"{len(scores)} scores",
            hint="plan, write and rank give one of each a row",
        )
    events = []
    for index, own, texts, score in zip(view.clips, view.spans, rows, scores, strict=True):
        clip = batch.clips[index]
        span = clip.span if own is None else checked_span(own, clip, name)
        if score is not None and texts[0].problem is None:
            events.append((index, _written(texts, span, float(score), tokenizer, sentence)))
    return events


def problems_of(view: View, rows: Rows) -> dict[int, str]:
    """Why a clip of the batch, by its index, has no text where one was asked for; the first reason of each."""
    reasons: dict[int, str] = {}
    for index, texts in zip(view.clips, rows, strict=True):
        if texts and texts[0].problem is not None:
            reasons.setdefault(index, texts[0].problem)
    return reasons


def checked_span(span: tuple[float, float], clip: Clip, head: str) -> tuple[float, float]:
    """A span in seconds of the file: finite, in order, and inside the clip, where its length is known."""
    start, end = map(float, span)
    first, last = clip.span
    if clip.end is None and clip.duration is None:
        last = math.inf
    inside = first - SLACK <= start <= end <= last + SLACK
    if not (math.isfinite(start) and math.isfinite(end) and inside):
        raise UserError(
            f"{head}: the span ({start:g}, {end:g}) of '{clip.id}', which lasts from {first:g} to {last:g} s",
            hint="spans are (start, end) in seconds of the file, start <= end, inside the clip",
        )
    return min(max(start, first), last), max(min(end, last), first)


def _written(
    texts: Sequence[Hyp], span: tuple[float, float], score: float, tokenizer: Tokenizer, sentence: bool
) -> Written:
    """The best text as an event, with its words and the texts it was preferred to."""
    best, *others = texts
    words = best.text.split() if best.text else [tokenizer.decode([token]) for token in best.tokens]
    logs = list(best.log_probs) if len(best.log_probs) == len(words) else []
    text, *rest = (text_of(hyp, tokenizer, sentence) for hyp in (best, *others))
    return Written(Event(*span, text, score), {"tokens": words, "log_probs": logs}, rest)


def text_of(hyp: Hyp, tokenizer: Tokenizer, sentence: bool = False) -> str:
    """A text for people."""
    text = tokenizer.decode(hyp.tokens) if hyp.text is None else hyp.text
    return as_sentence(text) if sentence else text


def as_sentence(text: str) -> str:
    """With a capital letter and a full stop; what ends with a mark already keeps it."""
    text = text.strip()
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
