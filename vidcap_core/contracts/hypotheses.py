"""What writing gives back: texts with their scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hyp:
    """One text: ids without BOS and EOS, its score, and the log-probability of each of its words.

    A head that writes texts instead of ids gives `text`, and may leave the rest empty.
    """

    tokens: list[int]
    score: float
    log_probs: list[float]
    end: float | None = None  # log-probability of EOS; None when max_length cut the text
    text: str | None = None  # None: what the tokenizer makes of `tokens`


Rows = list[list[Hyp]]
"""Per row of a view its texts, best first."""
