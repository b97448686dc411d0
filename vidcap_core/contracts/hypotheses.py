"""What writing gives back: texts with their scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hyp:
    """One text: ids without BOS and EOS, its score, and the log-probability of each of its words.

    A head that writes texts instead of ids gives `text`, and may leave the rest empty. One that could make no text
    says why in `problem`: a clip without a caption, and no reason to stop for the others.
    """

    tokens: list[int]
    score: float
    log_probs: list[float]
    end: float | None = None  # log-probability of EOS; None when max_length cut the text
    text: str | None = None  # None: what the tokenizer makes of `tokens`
    problem: str | None = None  # why there is no text, in a line


Rows = list[list[Hyp]]
"""Per row of a view its texts, best first."""
