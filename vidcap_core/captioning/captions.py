"""A prediction that a notebook shows: frames, words with their probabilities, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from vidcap_core.contracts.types import Clip, Prediction
from vidcap_core.report import frames
from vidcap_core.report.clips import view
from vidcap_core.saved.predictions import prediction_data

COUNT, SIDE = 6, 90
"""Frames of a strip, and their short side."""


@dataclass(frozen=True)
class Captions(Prediction):
    """A prediction of a file or of frames; the last thing in a notebook's cell, it is a picture."""

    @classmethod
    def of(cls, prediction: Prediction, video: np.ndarray | None = None) -> Captions:
        """The same prediction; with frames as an array, some of them are kept to be shown."""
        extras = dict(prediction.extras)
        if video is not None:
            extras["film"] = _strip(video)
        return cls(prediction.clip, prediction.events, extras)

    def _repr_html_(self) -> str:
        seen = view(prediction_data(self))
        film = self.extras.get("film") or seen.filmstrip(of_events=False) or {}
        pictures = "".join(
            f'<img src="{image}" alt="frame at {time:g} s" title="{time:g} s" style="height:{SIDE}px;margin:0 2px 0 0">'
            for time, image in zip(film.get("times", []), film.get("images", []), strict=True)
        )
        note = f"<p><em>{escape(film['note'])}</em></p>" if "note" in film else ""
        lines = "".join(_line(event, len(seen.events) > 1) for event in seen.heavy(None)["events"])
        name = escape(_name(self.clip))
        return (
            f'<div><div>{pictures}</div>{note}{lines}<div style="opacity:.6;font-size:85%">{name}</div></div>'
        )


def _line(event: Mapping[str, Any], many: bool) -> str:
    """One event's words; the fainter a word, the less probable."""
    words = " ".join(map(_word, event["words"]))
    when = f"<small>{event['start']:.1f} – {event['end']:.1f} s</small> " if many else ""
    return f'<div style="font-size:115%;margin:.2em 0">{when}{words}</div>'


def _word(word: Mapping[str, Any]) -> str:
    if "p" not in word:
        return escape(word["text"])
    opacity = 0.35 + 0.65 * word["p"]
    return f'<span title="{word["p"]:.0%} sure" style="opacity:{opacity:.2f}">{escape(word["text"])}</span>'


def _name(clip: Clip) -> str:
    start, end = clip.span
    return f"{clip.path} ({end - start:.1f} s)" if clip.path and end > start else clip.path or clip.id


def _strip(video: np.ndarray) -> dict[str, Any]:
    """A few of the frames, small, as a filmstrip of a file has them."""
    chosen = np.linspace(0, len(video) - 1, min(COUNT, len(video))).round().astype(int).tolist()
    step = max(1, min(video.shape[1:3]) // SIDE)
    return {
        "times": [float(index) for index in chosen],
        "images": [frames.jpeg(np.ascontiguousarray(video[index, ::step, ::step])) for index in chosen],
    }
