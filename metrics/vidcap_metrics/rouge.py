"""ROUGE-L (Lin, 2004), as pycocoevalcap has it: longest common subsequence, best precision, best recall.

P = max_refs LCS / |h|,  R = max_refs LCS / |r|,  ROUGE-L = (1 + β²) P R / (R + β² P),  β = 1.2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidcap_metrics.arrays import Floats, Indices, Ints, expand, locate
from vidcap_metrics.lines import Extension, Lines, Vocabulary
from vidcap_metrics.metric import Values
from vidcap_metrics.references import References

BETA = 1.2
BITS = 64


@dataclass(frozen=True)
class Prepared:
    """References as word numbers, with the numbers of their (clip, word) pairs."""

    clips: dict[str, int]
    vocabulary: Vocabulary
    lines: Lines
    first: Ints
    """per clip: its first reference; one more at the end"""
    pairs: Ints
    """sorted codes word << bits | clip"""
    bits: int
    pair: Indices
    """per word of a reference: number of its pair"""


class Rouge:
    """ROUGE-L. An empty caption counts as one empty word, as it does in pycocoevalcap."""

    name = "rouge"
    version = "1"
    bounds: ClassVar = {"ROUGE-L": (0.0, 1.0)}

    def prepare(self, references: Mapping[str, Sequence[str]]) -> Prepared:
        """Word numbers and pairs, shared with the n-gram metrics where they split captions the same way."""
        references = References.of(references)
        first = np.cumsum([0, *map(len, references.values())], dtype=np.int64)
        if references.plain:
            index = references.ngrams
            order = index.orders[0]
            return Prepared(
                index.clips, index.vocabulary, index.lines, first, order.pairs, order.bits, index.pair
            )
        vocabulary = Vocabulary()
        lines = Lines.encode([line for lines in references.values() for line in lines], vocabulary, " ")
        clip_of = np.repeat(np.arange(len(references)), np.diff(first))
        bits = len(references).bit_length()
        pairs, pair = np.unique(lines.words << bits | clip_of[lines.owner], return_inverse=True)
        return Prepared(
            {clip: n for n, clip in enumerate(references)}, vocabulary, lines, first, pairs, bits, pair
        )

    def score(self, prepared: Prepared, predictions: Mapping[str, str]) -> Values:
        """Mean over clips; 0 over none."""
        if not predictions:
            return Values({"ROUGE-L": 0.0}, {"ROUGE-L": {}})
        lines = Lines.encode(list(predictions.values()), Extension(prepared.vocabulary), " ")
        clips = np.fromiter((prepared.clips[clip] for clip in predictions), np.int64, len(predictions))
        reference, owner = expand(prepared.first[clips], prepared.first[clips + 1])
        common = common_lengths(prepared, clips, lines, reference, owner)
        begin = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
        precision = np.maximum.reduceat(common / lines.lengths[owner], begin)
        recall = np.maximum.reduceat(common / prepared.lines.lengths[reference], begin)
        below = recall + BETA**2 * precision
        scores = np.divide(
            (1 + BETA**2) * precision * recall, below, out=np.zeros(len(below)), where=below > 0
        )
        clip_scores = dict(zip(predictions, scores.tolist(), strict=True))
        return Values({"ROUGE-L": float(scores.mean())}, {"ROUGE-L": clip_scores})


def common_lengths(prepared: Prepared, clips: Ints, lines: Lines, reference: Ints, owner: Ints) -> Floats:
    """LCS lengths of predictions with each of their references.

    Bit-parallel (Hyyrö, 2004): one integer a pair, bit i is cleared once position i of the prediction is
    matched, and each word of the reference is one addition. All pairs advance together.
    """
    fits = lines.lengths <= BITS
    words = np.flatnonzero((lines.words < len(prepared.vocabulary)) & np.repeat(fits, lines.lengths))
    pair = locate(prepared.pairs, lines.words[words] << prepared.bits | clips[lines.owner[words]])
    masks = np.zeros(len(prepared.pairs), np.uint64)
    hit = pair >= 0
    np.bitwise_or.at(masks, pair[hit], np.uint64(1) << lines.place[words[hit]].astype(np.uint64))

    sizes = prepared.lines.lengths[reference]
    pairs = np.flatnonzero(fits[owner])
    pairs = pairs[np.argsort(-sizes[pairs], kind="stable")]
    starts = prepared.lines.starts[reference[pairs]]
    rows = np.full(len(pairs), ~np.uint64(0))
    active = len(pairs)
    for step in range(int(sizes[pairs].max(initial=0))):
        active = int(np.searchsorted(-sizes[pairs[:active]], -step))
        row = rows[:active]
        both = row & masks[prepared.pair[starts[:active] + step]]
        rows[:active] = (row + both) | (row - both)
    common = np.zeros(len(owner))
    common[pairs] = np.unpackbits(np.ascontiguousarray(~rows).view(np.uint8)).reshape(-1, BITS).sum(1)
    for index in np.flatnonzero(~fits[owner]):
        common[index] = _long_common(lines.of(owner[index]), prepared.lines.of(reference[index]))
    return common


def _long_common(caption: list[int], reference: list[int]) -> int:
    """The same for one pair of any length, in Python's long integers."""
    masks: dict[int, int] = {}
    for position, word in enumerate(caption):
        masks[word] = masks.get(word, 0) | 1 << position
    full = (1 << len(caption)) - 1
    row = full
    for word in reference:
        both = row & masks.get(word, 0)
        row = ((row + both) | (row - both)) & full
    return len(caption) - row.bit_count()
