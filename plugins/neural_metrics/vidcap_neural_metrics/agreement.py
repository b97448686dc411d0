"""Whether two judges agree: Cohen's kappa of what both say to the very same questions.

κ = (p_o − p_e) / (1 − p_e);   p_o: share of equal labels, p_e: of those expected of the labels' frequencies alone
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidcap_core.api import DataError
from vidcap_neural_metrics.auto_dq import verdict_labels
from vidcap_neural_metrics.caption_qa import grade_of
from vidcap_neural_metrics.judge import Entry, Judge, read_answers


def _grade_labels(answer: str) -> list[str] | None:
    grade = grade_of(answer)
    return None if grade is None else ["yes" if grade[0] else "no"]


LABELS: Mapping[str, Callable[[str], list[str] | None]] = {
    "judge_events": verdict_labels,
    "grade_answer": _grade_labels,
}
"""The prompts whose answers are judgements, and how they are read."""


@dataclass(frozen=True)
class Agreement:
    """Of one prompt: how often two judges said the same."""

    prompt: str
    questions: int
    malformed: tuple[int, int]
    """questions that the first, the second judge did not answer in the asked form"""
    labels: int
    """judgements that both gave"""
    equal: float
    kappa: float


def agreement(answers: Path, first: tuple[str, str] | None, second: Judge) -> list[Agreement]:
    """Ask a second judge every judgement of a file again. first: name and version, where a file has several."""
    entries = [entry for entry in read_answers(answers) if entry.name in LABELS]
    judges = list(dict.fromkeys((entry.judge, entry.version) for entry in entries))
    if not judges:
        raise DataError(
            f"{answers} holds no judgement", hint="the file that `answers` of a judged metric names"
        )
    if first is None and len(judges) > 1:
        names = ", ".join(f"{name}@{version}" for name, version in judges)
        raise DataError(f"{answers} has several judges: {names}", hint="--first NAME@VERSION")
    chosen = first or judges[0]
    if chosen not in judges:
        raise DataError(f"{answers} has no judge {chosen[0]}@{chosen[1]}")
    if chosen == (second.name, second.version):
        raise DataError(
            f"{chosen[0]}@{chosen[1]} would be compared with itself", hint="--model, --version of another"
        )
    mine = [entry for entry in entries if (entry.judge, entry.version) == chosen]
    by_prompt = {name: [entry for entry in mine if entry.name == name] for name in LABELS}
    return [_of_prompt(name, each, second) for name, each in by_prompt.items() if each]


def kappa(a: Sequence[str], b: Sequence[str]) -> float:
    """Cohen's; 1 where both only ever say one and the same label, 0 of nothing."""
    if not a:
        return 0.0
    observed = sum(x == y for x, y in zip(a, b, strict=True)) / len(a)
    first, second = Counter(a), Counter(b)
    expected = sum(first[label] * second[label] for label in first) / len(a) ** 2
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def _of_prompt(name: str, entries: Sequence[Entry], second: Judge) -> Agreement:
    pairs = [
        (LABELS[name](entry.answer), LABELS[name](second.answer_text(name, entry.hash, entry.prompt)))
        for entry in entries
    ]
    both = [(x, y) for x, y in pairs if x is not None and y is not None and len(x) == len(y)]
    a = [label for x, _ in both for label in x]
    b = [label for _, y in both for label in y]
    lacking = sum(x is None for x, _ in pairs)
    return Agreement(
        name,
        len(pairs),
        (lacking, len(pairs) - len(both) - lacking),
        len(a),
        sum(x == y for x, y in zip(a, b, strict=True)) / len(a) if a else 0.0,
        kappa(a, b),
    )
