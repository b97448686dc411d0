"""BLEU-1 … BLEU-4 (Papineni et al., 2002), as pycocoevalcap computes it.

BLEU-n = BP · (∏_{k≤n} p_k)^{1/n},   BP = min(1, exp(1 − r/c))
p_k: clipped k-gram precision, c: length, r: the nearest reference length, the shorter one on a tie
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from vidcap_metrics.arrays import Floats, Ints, bincount
from vidcap_metrics.metric import Additive, Values
from vidcap_metrics.ngrams import ORDERS, NgramIndex
from vidcap_metrics.references import References, predicted

SMALL = 1e-9
TINY = 1e-15
"""So that nothing is divided by zero: a clip with no match at all scores about 1e-16, not 0."""


class Bleu:
    """Clipped n-gram precision with a brevity penalty; the corpus value is not the mean of the clips'."""

    name = "bleu"
    version = "1"
    bounds: ClassVar = {f"BLEU-{n}": (0.0, 1.0) for n in range(1, ORDERS + 1)}

    def prepare(self, references: Mapping[str, Sequence[str]]) -> NgramIndex:
        """The references' n-grams."""
        return References.of(references).ngrams

    def score(self, prepared: NgramIndex, predictions: Mapping[str, str]) -> Values:
        """BLEU-1 … BLEU-4."""
        candidates = predicted(prepared, predictions)
        size = len(candidates.clips)
        length = candidates.lines.lengths
        correct = np.stack(
            [
                bincount(order.row[hit], np.minimum(order.count[hit], index.most[order.pair[hit]]), size)
                for order, index in zip(candidates.orders, prepared.orders, strict=True)
                for hit in [order.pair >= 0]
            ]
        )
        guess = np.stack([np.maximum(0, length - n) for n in range(ORDERS)]).astype(np.float64)
        closest = _closest(prepared, candidates.clips, length)
        parts = np.concatenate([correct, guess, length[None], closest[None]]).astype(np.float64).T
        ids = list(predictions)
        return Values(
            {name: float(value[0]) for name, value in bleu(parts.sum(0, keepdims=True)).items()},
            {name: dict(zip(ids, value.tolist(), strict=True)) for name, value in bleu(parts).items()},
            Additive(parts, bleu),
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


def bleu(sums: Floats) -> dict[str, Floats]:
    """BLEU-1 … BLEU-4 from [samples, 10]: matches and n-grams by order, length, reference length."""
    correct, guess, (length, reference) = np.split(sums.T, [ORDERS, 2 * ORDERS])
    precision = np.cumprod((correct + TINY) / (guess + SMALL), axis=0)
    mean = precision ** (1 / np.arange(1, ORDERS + 1))[:, None]
    ratio = (length + TINY) / (reference + SMALL)
    penalty = np.exp(np.minimum(0, 1 - 1 / ratio))
    return {f"BLEU-{n}": mean[n - 1] * penalty for n in range(1, ORDERS + 1)}
