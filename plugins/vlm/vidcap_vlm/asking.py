"""What heads share that ask a model about a clip's frames: question, transcripts, what becomes of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vidcap_core.api import (
    Batch,
    Clip,
    Decode,
    Head,
    Hyp,
    RawClip,
    Rows,
    Stream,
    UserError,
    View,
    WriteSettings,
    at_least,
    whole_clips,
)
from vidcap_vlm.answer import Tidy
from vidcap_vlm.examples import Examples, Given
from vidcap_vlm.prompt import Answer, Prompt
from vidcap_vlm.timed import Timed, events_in
from vidcap_vlm.transcripts import Transcripts


class Asking(Head):
    """A head that writes by itself: it asks once a clip, and an answer is a caption or a list of events."""

    reads = frozenset({"frames"})

    def __init__(
        self,
        prompt: str,
        answer: Answer | None,
        system: str | None,
        examples: Given,
        transcripts: str | None,
        tidy: Tidy,
        frames: int,
        short_side: int | None,
    ) -> None:
        super().__init__()
        at_least(1, frames=frames)
        if short_side is not None:
            at_least(8, short_side=short_side)
        self.examples = Examples.of(examples)
        self.prompt = Prompt.of(prompt, answer, system, self.examples.texts)
        self.transcripts = Transcripts(transcripts)
        self.tidy, self.frames = tidy, frames
        self.normalisation = "events-as-written" if self.prompt.answer == "events" else tidy.mark
        self.sampling = {"kind": "uniform", "count": frames}
        self.short_side = short_side

    def notes(self) -> Sequence[str]:
        """What was made of answers, for whoever compares the scores."""
        events = "texts: those of the events of a model's JSON, as it wrote them"
        made = events if self.prompt.answer == "events" else self.tidy.described
        return [made, *([f"prompt: with {self.examples.source}"] if self.examples.source else [])]

    def write_answers(self, view: View, settings: WriteSettings) -> Rows:
        """The answers of the rows of a view, whose `text_of` are texts."""
        raise NotImplementedError

    def text_of(self, hyp: Hyp) -> str:
        """An answer as it came."""
        return hyp.text or ""

    def transcript(self, clip: Clip) -> str | None:
        """What is said in a clip, where that is known."""
        return self.transcripts.of(clip)

    @staticmethod
    def seconds(raw: RawClip) -> tuple[np.ndarray | None, float]:
        """The frames' times from the clip's start, and its length; 0 where nobody knows it."""
        start, end = raw.clip.span
        return None if raw.times is None else np.asarray(raw.times) - start, end - start

    def collate(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Clips apart: their inputs are of any size, and are joined where they are read."""
        return {"rows": [dict(row) for row in rows]}

    def write(self, view: View, settings: WriteSettings) -> Rows:
        """What the model answers, as captions; of events what `plan` has read already."""
        if "texts" in view.extras:
            return list(view.extras["texts"])
        rows = self.write_answers(view, replace(settings, heard=self._aloud(settings.heard)))
        if self.prompt.answer == "events":
            return [
                [hyp if hyp.problem else replace(hyp, text=self.text_of(hyp)) for hyp in row] for row in rows
            ]
        return [[self._caption(hyp) for hyp in row] for row in rows]

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """Each clip as a whole; of events a row each, once the model has listed them."""
        whole = whole_clips(streams, batch)
        if self.prompt.answer == "text":
            return [whole]
        clips: list[int] = []
        spans: list[tuple[float, float] | None] = []
        texts: list[list[Hyp]] = []
        for index, row in enumerate(decode(whole)):
            for span, hyp in self._events(batch.clips[index], row[0]):
                clips.append(index)
                spans.append(span)
                texts.append([hyp])
        return [replace(whole, clips=tuple(clips), spans=tuple(spans), extras={"texts": texts})]

    def _events(self, clip: Clip, hyp: Hyp) -> list[tuple[tuple[float, float] | None, Hyp]]:
        if hyp.problem is not None:
            return [(None, hyp)]
        start, end = clip.span
        try:
            found: list[Timed] = events_in(hyp.text or "", end - start)
            for *_, text in found:
                if (problem := self.tidy.problem(text, text)) is not None:
                    raise UserError(problem)
        except UserError as error:
            cut = "" if hyp.end is not None else " (it was cut off: a higher generate.max_length)"
            return [(None, replace(hyp, text="", problem=error.line + cut))]
        return [((start + a, start + b), Hyp([], hyp.score, [], text=text)) for a, b, text in found]

    def _aloud(self, heard: Callable[[int, Hyp], None] | None) -> Callable[[int, Hyp], None] | None:
        """Who listens hears captions, and no JSON."""
        if heard is None or self.prompt.answer == "events":
            return None
        return lambda row, hyp: heard(row, replace(hyp, text=self.tidy(self.text_of(hyp))))

    def _caption(self, hyp: Hyp) -> Hyp:
        if hyp.problem is not None:
            return hyp
        answer = self.text_of(hyp)
        text = self.tidy(answer, whole=hyp.end is not None)
        return replace(hyp, text=text, problem=self.tidy.problem(text, answer))
