"""How a file's captions are written: text, JSON, subtitles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from vidcap_core.captioning.inputs import shown
from vidcap_core.captioning.subtitles import srt, vtt
from vidcap_core.contracts.types import Prediction
from vidcap_core.errors import UserError
from vidcap_core.saved.predictions import prediction_data
from vidcap_metrics.counted import counted

FORMATS = ("text", "json", "jsonl", "srt", "vtt", "html")


NO_EVENTS = "(no events)"


def text(prediction: Prediction) -> str:
    """One line for a plain caption; for events a line each with its times; other hypotheses below, numbered.

    Where no event was found a line says so.
    """
    if not prediction.events:
        return NO_EVENTS
    others = prediction.extras.get("n_best", [])
    many = len(prediction.events) != 1
    lines: list[str] = []
    for index, event in enumerate(prediction.events):
        lines.append(f"{event.start:9.2f} – {event.end:8.2f}  {event.text}" if many else event.text)
        second = enumerate(others[index] if index < len(others) else (), start=2)
        lines += [f"  {number}. {other}" for number, other in second]
    return "\n".join(lines)


def one_json(prediction: Prediction) -> str:
    """A file's captions as an indented object."""
    return json.dumps(prediction_data(prediction), ensure_ascii=False, indent=1)


def one_line(data: Mapping[str, Any]) -> str:
    """Data as one line of JSON; a name that is no text (a lone surrogate) stays an escape, which JSON knows."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")


PER_FILE: Mapping[str, tuple[str, Callable[[Prediction], str]]] = {
    "text": (".txt", lambda prediction: text(prediction) + "\n"),
    "json": (".json", lambda prediction: one_json(prediction) + "\n"),
    "srt": (".srt", srt),
    "vtt": (".vtt", vtt),
}
"""Formats of which each video has a file of its own: the suffix, and what is in it."""


class Printer:
    """Writes to a stream as files are finished."""

    def __init__(self, form: str, write: Callable[[str], Any], files: int) -> None:
        if form == "html" or (form in ("srt", "vtt") and files > 1):
            what = "a page" if form == "html" else f"the {form} of {counted(files, 'file')}"
            raise UserError(f"{what} cannot go to the terminal", hint=f"--format {form} --out DIR")
        self.form, self.write, self.count = form, write, 0

    def add(self, prediction: Prediction) -> None:
        """One more file."""
        data = prediction_data(prediction)
        if self.form == "json":
            self.write(("[\n" if not self.count else ",\n") + one_line(data))
        elif self.form == "jsonl":
            self.write(one_line(data) + "\n")
        elif self.form == "text":
            name = shown(prediction.clip.path or prediction.clip.id)
            captions = text(prediction)
            self.write(f"{name}: {captions}\n" if len(prediction.events) < 2 else f"{name}:\n{captions}\n")
        else:
            self.write(PER_FILE[self.form][1](prediction))
        self.count += 1

    def close(self) -> None:
        """What ends the output."""
        if self.form == "json":
            self.write("\n]\n" if self.count else "[]\n")
