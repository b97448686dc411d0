"""Self-CIDEr (Wang and Chan, 2019): how far several captions of one clip point in different directions.

    K[i, j] = CIDEr of caption i with caption j as its only reference, / 10
    Self-CIDEr = −log_m (√λ_max / Σ √λ),   λ: eigenvalues of K of m captions

0: all captions are the same; 1: no two have a weighted n-gram in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vidcap_metrics.arrays import Floats
from vidcap_metrics.ngrams import ORDERS

Gram = tuple[str, ...]


def document_frequencies(references: Iterable[Sequence[str]], wanted: Iterable[Gram]) -> Counter[Gram]:
    """In how many clips some reference has each wanted n-gram."""
    asked = frozenset(wanted)
    counts: Counter[Gram] = Counter()
    for lines in references:
        counts.update(asked.intersection(gram for line in lines for gram in grams(line)))
    return counts


def grams(line: str) -> list[Gram]:
    """All n-grams of a tokenised line, n = 1 … 4."""
    words = line.split()
    return [tuple(words[i : i + n]) for n in range(1, ORDERS + 1) for i in range(len(words) - n + 1)]


def kernel(lines: Sequence[str], frequencies: Mapping[Gram, int], documents: int) -> Floats:
    """[m, m]: cosines of tf-idf vectors, mean over n. One of no weighted n-gram is 0, to itself too."""
    total = np.zeros((len(lines), len(lines)))
    counted = [Counter(grams(line)) for line in lines]
    for n in range(1, ORDERS + 1):
        columns = {
            gram: k for k, gram in enumerate(dict.fromkeys(g for c in counted for g in c if len(g) == n))
        }
        vectors = np.zeros((len(lines), max(1, len(columns))))
        for row, counts in enumerate(counted):
            for gram, count in counts.items():
                if len(gram) == n:
                    idf = np.log(max(1, documents)) - np.log(max(1, frequencies.get(gram, 0)))
                    vectors[row, columns[gram]] = count * idf
        norms = np.linalg.norm(vectors, axis=1)
        lengths = np.outer(norms, norms)
        total += np.divide(vectors @ vectors.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return total / ORDERS


def self_cider(similarities: Floats) -> float:
    """−log_m of the largest share of √λ; 0 where nothing has weight."""
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(similarities), 0))
    total = float(roots.sum())
    if not total:
        return 0.0
    return max(0.0, float(-np.log(roots.max() / total) / np.log(len(similarities))))
