"""METEOR's score from counts.

    P = Σₖ wₖ (δ mₖ,content + (1 − δ) mₖ,function) / (δ content + (1 − δ) function) over the caption; R: reference
    F = P R / (α P + (1 − α) R),   score = F · (1 − γ (chunks / m)^β),   m = mean of both sides' matched words
"""  # fmt: skip

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
    caption, reference, caption_function, reference_function = stats[:4]
    chunks, matched, matched_reference = stats[20:]
    found = _weighted(caption, caption_function), _weighted(reference, reference_function)
    precision = sum(w * _content(*stats[4 + 4 * k : 7 + 4 * k : 2]) for k, w in enumerate(WEIGHTS))
    recall = sum(w * _content(*stats[5 + 4 * k : 8 + 4 * k : 2]) for k, w in enumerate(WEIGHTS))
    if precision <= 0 or recall <= 0:
        return 0.0
    precision, recall = precision / found[0], recall / found[1]
    mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
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


def _content(content: float, function: float) -> float:
    return DELTA * content + (1 - DELTA) * function


def _weighted(words: float, function: float) -> float:
    return _content(words - function, function)
