"""Questions about a clip answered from its caption alone, in the manner of VDCscore (Chai et al., 2024).

    accuracy = answers that a judge calls right / questions,   score = mean of the grades 0 … 5

Mean over a clip's questions, then over clips. The prompts are our own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidcap_core.api import DataError, UserError, Values
from vidcap_neural_metrics.judge import Judge, built, json_object
from vidcap_neural_metrics.prompt import digits, load_prompt

Question = tuple[str, str]
"""A question and its right answer."""
HIGHEST, MOST_QUESTIONS = 5, 100


class CaptionQA:
    """QA-accuracy and QA-score, and how many questions were not answered for in the asked form; those are left out.

    judge: `dict(model=..., version=..., answers=FILE, url=...)`, or a Judge.
    questions: a JSON file, {clip: [{"question": ..., "answer": ...}]}; None: the judge writes them of the references.
    count: questions a clip that the judge writes.
    """

    name = "caption-qa"
    version = "1"
    reads_as_written = True

    def __init__(
        self, judge: Judge | Mapping[str, Any], questions: str | Path | None = None, count: int = 5
    ) -> None:
        self.judge = built(judge)
        self.questions = read_questions(Path(questions)) if questions is not None else None
        if not isinstance(count, int) or not 1 <= count <= MOST_QUESTIONS:
            raise UserError(
                f"count={count!r}: between 1 and {MOST_QUESTIONS} questions a clip",
                hint="--set caption-qa.count=5",
            )
        self.count = count
        names = ("write_questions", "answer_question", "grade_answer")
        self.write, self.reply, self.grade = (load_prompt(name) for name in names)
        asked = count if self.questions is None else digits(self.questions)
        self.settings = self.judge.signed(self.write, self.reply, self.grade) | {"questions": str(asked)}

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, list[Question] | None]:
        """Each clip's questions; None where the judge wrote none in the asked form."""
        if self.questions is None:
            return self.judge.each(lambda clip: self._written("\n".join(references[clip])), references)
        absent = [clip for clip in references if clip not in self.questions]
        if absent:
            raise DataError(
                f"{len(absent)} of {len(references)} clips have no questions, first '{absent[0]}'"
            )
        return {clip: self.questions[clip] for clip in references}

    def score(self, prepared: Mapping[str, list[Question] | None], predictions: Mapping[str, str]) -> Values:
        """Means over the clips of which a question was answered for."""
        clips: dict[str, dict[str, float]] = {"QA-accuracy": {}, "QA-score": {}}
        unanswered = 0
        graded = self.judge.each(
            lambda clip: [self._graded(predictions[clip], question) for question in prepared[clip] or ()],
            predictions,
        )
        for clip, grades in graded.items():
            questions = prepared[clip]
            given = [grade for grade in grades if grade is not None]
            unanswered += len(grades) - len(given) if questions is not None else self.count
            if given:
                clips["QA-accuracy"][clip] = sum(right for right, _ in given) / len(given)
                clips["QA-score"][clip] = sum(score for _, score in given) / len(given)
        corpus = {name: sum(each.values()) / max(1, len(each)) for name, each in clips.items()}
        return Values(corpus | {"QA:unanswered": float(unanswered)}, clips)

    def _written(self, reference: str) -> list[Question] | None:
        answer = self.judge.answer(self.write, description=reference, count=str(self.count))
        return _questions((json_object(answer) or {}).get("questions"))

    def _graded(self, caption: str, question: Question) -> tuple[bool, int] | None:
        """Whether the caption's answer is right, and its grade; None where an answer has not the asked form."""
        asked, right = question
        if not caption.strip():
            return False, 0
        given = (json_object(self.judge.answer(self.reply, description=caption, question=asked)) or {}).get(
            "answer"
        )
        if not isinstance(given, str):
            return None
        return grade_of(self.judge.answer(self.grade, question=asked, right=right, given=given))


def grade_of(answer: str) -> tuple[bool, int] | None:
    """What an answer to `grade_answer` says; None where it has not the asked form."""
    data = json_object(answer) or {}
    correct, score = data.get("correct"), data.get("score")
    if correct not in ("yes", "no") or type(score) is not int or not 0 <= score <= HIGHEST:
        return None
    return correct == "yes", score


def read_questions(file: Path) -> dict[str, list[Question]]:
    """Questions by clip, of a JSON file."""
    example = '{"clip": [{"question": "what runs?", "answer": "a dog"}]}'
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as questions: {error}", hint=example) from None
    out = {str(clip): _questions(each) for clip, each in data.items()} if isinstance(data, dict) else {}
    wrong = next((clip for clip, questions in out.items() if questions is None), None)
    if not out or wrong is not None:
        raise UserError(
            f"{file}: clip '{wrong}' has no questions" if out else f"{file} has no questions", hint=example
        )
    return {clip: questions for clip, questions in out.items() if questions is not None}


def _questions(data: Any) -> list[Question] | None:
    if not isinstance(data, list) or not data:
        return None
    out: list[Question] = []
    for each in data:
        question, answer = (
            (each.get("question"), each.get("answer")) if isinstance(each, dict) else (None, None)
        )
        if not (
            isinstance(question, str) and question.strip() and isinstance(answer, str) and answer.strip()
        ):
            return None
        out.append((question, answer))
    return out
