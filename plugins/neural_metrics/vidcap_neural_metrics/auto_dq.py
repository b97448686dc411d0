"""AutoDQ, in the manner of DREAM-1K (Wang et al., 2024): which events caption and reference tell of each other.

    recall    = events of the reference that the caption entails / events of the reference
    precision = events of the caption that the reference entails / events of the caption
    F1        = 2PR / (P + R) of the two means over clips

The prompts are our own: numbers are not those of the paper's judge and prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vidcap_core.api import Values
from vidcap_neural_metrics.judge import Judge, built, json_object
from vidcap_neural_metrics.prompt import load_prompt

VERDICTS = ("entailed", "contradicted", "neither")


class AutoDQ:
    """AutoDQ-P, -R, -F1 and how many clips the judge did not answer for in the asked form; those are left out.

    judge: `dict(model=..., version=..., answers=FILE, url=...)`, or a Judge. A clip's references are read as one text.
    """

    name = "autodq"
    version = "1"
    reads_as_written = True

    def __init__(self, judge: Judge | Mapping[str, Any]) -> None:
        self.judge = built(judge)
        self.extract, self.verdicts = load_prompt("extract_events"), load_prompt("judge_events")
        self.settings = self.judge.signed(self.extract, self.verdicts)

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Each clip's references as one text."""
        return {clip: "\n".join(lines) for clip, lines in references.items()}

    def score(self, prepared: Mapping[str, str], predictions: Mapping[str, str]) -> Values:
        """Means over the clips that were answered for."""
        clips: dict[str, dict[str, float]] = {"AutoDQ-P": {}, "AutoDQ-R": {}}
        answers = self.judge.each(lambda clip: self._clip(predictions[clip], prepared[clip]), predictions)
        for clip, numbers in answers.items():
            if numbers is not None:
                clips["AutoDQ-P"][clip], clips["AutoDQ-R"][clip] = numbers
        answered = len(clips["AutoDQ-P"])
        corpus = {name: sum(each.values()) / max(1, answered) for name, each in clips.items()}
        total = sum(corpus.values())
        corpus["AutoDQ-F1"] = 2 * corpus["AutoDQ-P"] * corpus["AutoDQ-R"] / total if total else 0.0
        corpus["AutoDQ:unanswered"] = float(len(predictions) - answered)
        return Values(corpus, clips)

    def _clip(self, caption: str, reference: str) -> tuple[float, float] | None:
        """Precision and recall; None where an answer has not the asked form."""
        if not caption.strip():
            return 0.0, 0.0
        told, true = self._events(caption), self._events(reference)
        if told is None or true is None:
            return None
        precision, recall = self._entailed(told, reference), self._entailed(true, caption)
        return None if precision is None or recall is None else (precision, recall)

    def _events(self, description: str) -> list[str] | None:
        data = json_object(self.judge.answer(self.extract, description=description))
        events = (data or {}).get("events")
        if not isinstance(events, list) or not all(
            isinstance(event, str) and event.strip() for event in events
        ):
            return None
        return events

    def _entailed(self, events: Sequence[str], description: str) -> float | None:
        """The share of events that a description entails; of no event 1: nothing wrong was told, nothing missed."""
        if not events:
            return 1.0
        numbered = "\n".join(f"{number}. {' '.join(event.split())}" for number, event in enumerate(events, 1))
        labels = verdict_labels(self.judge.answer(self.verdicts, description=description, events=numbered))
        if labels is None or len(labels) != len(events):
            return None
        return labels.count("entailed") / len(events)


def verdict_labels(answer: str) -> list[str] | None:
    """The words of an answer to `judge_events`; None where it has not the asked form."""
    verdicts = (json_object(answer) or {}).get("verdicts")
    if not isinstance(verdicts, list) or not all(verdict in VERDICTS for verdict in verdicts):
        return None
    return verdicts
