"""BLEU-1 … BLEU-4 (Papineni et al., 2002), as pycocoevalcap computes it.

    BLEU-n = BP · (∏_{k≤n} p_k)^{1/n},   BP = min(1, exp(1 − r/c)),   r: the closest reference length, shorter on a tie
"""  # fmt: skip

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vidcap_core.metrics.base import Values
from vidcap_core.metrics.ngrams import ORDERS, Floats, Ints, NgramIndex, bincount
from vidcap_core.metrics.references import References, predicted

SMALL = 1e-9
TINY = 1e-15
"""So that nothing is divided by zero: a clip with no match at all scores about 1e-16, not 0."""


class Bleu:
    """Clipped n-gram precision with a brevity penalty; the corpus value is not the mean of the clips'."""

    name = "bleu"
    version = "1"

    def prepare(self, references: Mapping[str, Sequence[str]]) -> NgramIndex:
        """The references' n-grams."""
        return References.of(references).ngrams

    def score(self, prepared: NgramIndex, predictions: Mapping[str, str]) -> Values:
        """BLEU-1 … BLEU-4."""
        found = predicted(prepared, predictions)
        size = len(found.clips)
        length = found.lines.lengths
        correct = np.stack([
            bincount(order.row[hit], np.minimum(order.count, index.most[order.pair])[hit], size)
            for order, index in zip(found.orders, prepared.orders, strict=True)
            for hit in [order.pair >= 0]
        ])  # fmt: skip
        guess = np.stack([np.maximum(0, length - n) for n in range(ORDERS)]).astype(np.float64)
        closest = _closest(prepared, found.clips, length)
        clips = _bleu(correct, guess, length.astype(np.float64), closest)
        total = _bleu(
            correct.sum(1, keepdims=True), guess.sum(1, keepdims=True),
            length.sum(keepdims=True).astype(np.float64), closest.sum(keepdims=True),
        )  # fmt: skip
        names = [f"BLEU-{n}" for n in range(1, ORDERS + 1)]
        ids = list(predictions)
        return Values(
            {name: float(row[0]) for name, row in zip(names, total, strict=True)},
            {name: dict(zip(ids, row.tolist(), strict=True)) for name, row in zip(names, clips, strict=True)},
        )


def _closest(index: NgramIndex, clips: Ints, length: Ints) -> Floats:
    """Per prediction, the reference length nearest to its own; the shorter of two equally near."""
    longest = int(max(index.lines.lengths.max(initial=0), length.max(initial=0))) + 1
    starts = np.cumsum(index.per_clip) - index.per_clip
    sizes = index.per_clip[clips]
    first = np.cumsum(sizes) - sizes
    reference = np.arange(int(sizes.sum())) - np.repeat(first - starts[clips], sizes)
    candidate = index.lines.lengths[reference]
    rank = np.abs(candidate - np.repeat(length, sizes)) * longest + candidate
    return (np.minimum.reduceat(rank, first) % longest).astype(np.float64)


def _bleu(correct: Floats, guess: Floats, length: Floats, reference: Floats) -> Floats:
    precision = np.cumprod((correct + TINY) / (guess + SMALL), axis=0)
    mean = precision ** (1 / np.arange(1, ORDERS + 1))[:, None]
    ratio = (length + TINY) / (reference + SMALL)
    with np.errstate(over="ignore"):
        penalty = np.where(ratio < 1, np.exp(1 - 1 / ratio), 1.0)
    return np.asarray(mean * penalty)
