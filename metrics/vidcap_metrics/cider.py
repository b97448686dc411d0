"""CIDEr and CIDEr-D (Vedantam et al., 2015): cosine of tf-idf n-gram vectors, n = 1 … 4.

    CIDEr   = 10 · mean_n mean_refs  h·r / (|h| |r|)
    CIDEr-D = 10 · mean_n mean_refs  min(h, r)·r / (|h| |r|) · exp(−(len h − len r)² / 2σ²),   σ = 6
    h, r: count · (log N − log df), for N clips of which df have the n-gram in a reference

What captioning papers call CIDEr is CIDEr-D, also in pycocoevalcap. Neither stems words, as theirs do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vidcap_metrics.arrays import Floats, Ints, bincount, expand
from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Values
from vidcap_metrics.ngrams import ORDERS, Found, NgramIndex, Order, Predicted
from vidcap_metrics.references import References, predicted
from vidcap_metrics.signature import hash_captions

SIGMA = 6.0


@dataclass(frozen=True)
class Weighted:
    """References as tf-idf vectors, by order."""

    index: NgramIndex
    idf: list[Floats]
    """per gram: log N − log df"""
    norm: list[Floats]
    """per reference: length of its vector"""
    unseen: float
    """idf of an n-gram that no document has: log N"""


def weigh(index: NgramIndex) -> Weighted:
    """tf-idf vectors of all references."""
    unseen = float(np.log(max(1.0, index.documents)))
    idf = [unseen - np.log(np.maximum(1.0, order.documents)) for order in index.orders]
    size = len(index.lines.lengths)
    norm = [
        np.sqrt(bincount(order.reference, (order.count * order.spread(values)) ** 2, size))
        for order, values in zip(index.orders, idf, strict=True)
    ]
    return Weighted(index, idf, norm, unseen)


def cider(refs: Weighted, candidates: Predicted, clipped: bool) -> Floats:
    """One score per prediction: CIDEr-D where clipped, else CIDEr."""
    index = refs.index
    size = len(candidates.clips)
    per_clip = index.per_clip[candidates.clips]
    first = (np.cumsum(index.per_clip) - index.per_clip)[candidates.clips]
    begin = np.cumsum(per_clip) - per_clip
    reference, owner = expand(first, first + per_clip)
    total = np.zeros(len(owner))
    for n in range(ORDERS):
        order, rows = index.orders[n], candidates.orders[n]
        idf = np.append(refs.idf[n], refs.unseen)  # gram -1, one that no reference has, takes the last
        weights: Floats = idf[rows.gram]
        norm = np.sqrt(bincount(rows.row, (rows.count * weights) ** 2, size))
        similarity = _products(order, rows, weights, clipped, begin - first, len(owner))
        lengths = norm[owner] * refs.norm[n][reference]
        total += np.divide(similarity, lengths, out=similarity, where=lengths != 0)
    if clipped:
        bigrams = (
            np.maximum(0, candidates.lines.lengths - 1)[owner]
            - np.maximum(0, index.lines.lengths - 1)[reference]
        )
        total *= np.exp(-(bigrams.astype(np.float64) ** 2) / (2 * SIGMA**2))
    return bincount(owner, total, size) * 10 / ORDERS / per_clip


def _products(order: Order, rows: Found, weights: Floats, clipped: bool, move: Ints, size: int) -> Floats:
    """Dot products of every prediction with each of its references."""
    hit = np.flatnonzero(rows.pair >= 0)
    pair = rows.pair[hit]
    entry, owner = expand(order.first[pair], order.first[pair + 1])
    weight, caption = weights[hit][owner], rows.row[hit][owner]
    theirs, ours = order.count[entry] * weight, rows.count[hit][owner] * weight
    products = (np.minimum(ours, theirs) if clipped else ours) * theirs
    return bincount(order.reference[entry] + move[caption], products, size)


class CiderD:
    """CIDEr-D: the number that captioning papers report as CIDEr.

    corpus: tokenised references by clip, whose document frequencies to use; None: the scored clips' own.
    single_clip: "refuse" a single clip without a corpus, whose n-grams all weigh 0, or score it "zero".
    """

    name = "cider-d"
    label = "CIDEr-D"
    version = "1"
    clipped = True

    def __init__(
        self,
        corpus: Mapping[str, Sequence[str]] | None = None,
        single_clip: Literal["refuse", "zero"] = "refuse",
    ) -> None:
        self.corpus = corpus
        self.settings = {} if corpus is None else {"corpus": hash_captions(corpus)}
        self.single_clip = single_clip

    def prepare(self, references: Mapping[str, Sequence[str]]) -> Weighted:
        """tf-idf vectors of the references."""
        if self.corpus is not None:
            merged = {f"\0{clip}": lines for clip, lines in self.corpus.items()} | dict(references)
            return weigh(NgramIndex(merged, corpus=len(self.corpus)))
        if len(references) == 1 and self.single_clip == "refuse":
            raise DataError(
                f"{self.label} of a single clip means nothing: it has every n-gram, so all weights are 0",
                hint="score more clips, or give a corpus: --corpus REFERENCES, CiderD(corpus=references)",
            )
        return weigh(References.of(references).ngrams)

    def score(self, prepared: Weighted, predictions: Mapping[str, str]) -> Values:
        """Mean over clips; 0 over none."""
        clips = cider(prepared, predicted(prepared.index, predictions), self.clipped)
        return Values(
            {self.label: float(clips.mean()) if len(clips) else 0.0},
            {self.label: dict(zip(predictions, clips.tolist(), strict=True))},
        )


class Cider(CiderD):
    """CIDEr without clipping and length penalty; easy to raise by repeating words, hence rarely reported."""

    name = "cider"
    label = "CIDEr"
    clipped = False
