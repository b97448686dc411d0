"""METEOR's score from counts.

    P = Σₖ wₖ (δ mₖ,content + (1 − δ) mₖ,function) / (δ content + (1 − δ) function) over the caption; R: reference
    F = 1 / ((1 − α) / P + α / R),   score = F · (1 − γ (chunks / m)^β),   m = mean of both sides' matched words

Sums and quotients are taken in the order in which the Java program's last digits come out: two references whose scores
are equal but for rounding may have different counts, and the corpus sums the counts of the better one.
"""

from __future__ import annotations

from collections.abc import Sequence

WEIGHTS = (1.0, 0.6, 0.8, 0.6)
"""of exact, stem, synonym and paraphrase matches"""
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
SegmentStats = tuple[float, ...]
"""Words of caption and reference; function words of both; for each kind content words matched in caption and
reference, then function words; chunks; words matched in caption and reference. In the jar's order."""
SIZE = 23


def score(stats: Sequence[float]) -> float:
    """The score of counts: one segment's, or the sums over many."""
    chunks, matched, matched_reference = stats[20:]
    precision, recall = _found(stats, 0), _found(stats, 1)
    if precision <= 0 or recall <= 0:
        return 0.0
    mean = 1 / ((1 - ALPHA) / precision + ALPHA / recall)
    broken = 0.0 if _whole(stats) else chunks / ((matched + matched_reference) / 2)
    return mean * (1 - GAMMA * broken**BETA)  # type: ignore[no-any-return]


def total(stats: Sequence[SegmentStats]) -> float:
    """The score of many segments together; a segment matched whole and in order adds no chunk."""
    if not stats:
        return 0.0
    sums = [sum(column) for column in zip(*stats, strict=True)]
    sums[20] -= sum(map(_whole, stats))
    return score(sums)


def _whole(stats: Sequence[float]) -> bool:
    """Every word matched, in one chunk: nothing is broken."""
    caption, reference, chunks, matched, matched_reference = *stats[:2], *stats[20:]
    return chunks == 1 and matched == caption and matched_reference == reference


def _found(stats: Sequence[float], side: int) -> float:
    """The weighted share of a side's words that are matched, 0 the caption's and 1 the reference's."""
    words, function = stats[side], stats[2 + side]
    weighted = 0.0
    for kind, weight in enumerate(WEIGHTS):
        weighted += stats[4 + 4 * kind + side] * weight * DELTA
    for kind, weight in enumerate(WEIGHTS):
        weighted += stats[6 + 4 * kind + side] * weight * (1 - DELTA)
    return weighted / (DELTA * (words - function) + (1 - DELTA) * function) if weighted else 0.0
