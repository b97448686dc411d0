"""The score of a human: each reference against the others, so that a number has a ceiling next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Metric
from vidcap_metrics.names import DEFAULT
from vidcap_metrics.scorer import Scorer


@dataclass(frozen=True)
class Human:
    """Mean corpus values of single references, each against one reference less than predictions have."""

    values: dict[str, float]
    rounds: int
    clips: int
    of: int


def leave_one_out(
    references: Mapping[str, Sequence[str]],
    metrics: Sequence[str | Metric] = DEFAULT,
    rounds: int = 5,
    tokenizer: str = "ptb",
    clips: Mapping[str, Any] | None = None,
) -> Human:
    """In round k the k-th reference of every clip is the prediction; clips with only one are left out."""
    several = {clip: list(lines) for clip, lines in references.items() if len(lines) > 1}
    if not several:
        raise DataError(
            "no clip has two references", hint="a human score needs a second caption to compare with"
        )
    rounds = min(rounds, min(map(len, several.values())))
    totals: dict[str, float] = {}
    for number in range(rounds):
        others = {clip: lines[:number] + lines[number + 1 :] for clip, lines in several.items()}
        scorer = Scorer(others, metrics, tokenizer=tokenizer, clips=clips)
        scores = scorer.score({clip: lines[number] for clip, lines in several.items()})
        for name, value in scores.values.items():
            totals[name] = totals.get(name, 0.0) + value / rounds
    return Human(totals, rounds, len(several), len(references))
