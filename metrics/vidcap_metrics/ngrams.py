"""N-grams of tokenised captions as integer arrays: counted once for references, looked up for predictions.

An n-gram is one integer. For every order n, the references' n-grams are kept as sorted arrays, so that looking up all
n-grams of all predictions is one binary search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.arrays import Ints, Ints32, fresh, locate, shift
from vidcap_metrics.errors import DataError
from vidcap_metrics.lines import Extension, Lines, Vocabulary

ORDERS = 4
MANY = 4_000_000
"""words from which on the orders are sorted one after the other"""


@dataclass(frozen=True)
class Order:
    """The references' n-grams of one order. A *pair* is an n-gram in a clip, an *entry* in a reference."""

    grams: Ints
    """sorted codes of the distinct n-grams; a gram's number is its place here"""
    documents: Ints
    """per gram: in how many clips of the corpus it occurs"""
    pairs: Ints
    """sorted codes of (gram, clip): gram << bits | clip"""
    most: Ints32
    """per pair: the most often that one reference has it"""
    first: Ints32
    """per pair: its first entry; one more at the end"""
    reference: Ints32
    """per entry: number of the reference"""
    count: Ints32
    """per entry: how often the reference has the gram"""
    bits: int

    @property
    def gram(self) -> Ints:
        """Per entry: number of the gram."""
        return self.spread(np.arange(len(self.grams)))

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Per entry: the value of its gram."""
        return np.repeat(values[self.pairs >> self.bits], np.diff(self.first))

    def find(self, clip: Ints, gram: Ints) -> Ints:
        """Numbers of the pairs of clips and grams (-1: none), -1 where the clip has no such pair."""
        return locate(self.pairs, np.where(gram >= 0, gram << self.bits | clip, -1))


@dataclass(frozen=True)
class Found:
    """The n-grams of one order in predictions: one row per distinct n-gram of a prediction."""

    row: Ints
    """which prediction"""
    count: Ints
    """how often it has the gram"""
    gram: Ints
    """number of the gram in the references, -1 for one they do not have"""
    pair: Ints
    """number of the pair in the references, -1 for a gram the clip's references do not have"""


class NgramIndex:
    """All n-grams (n = 1 … 4) of many clips' references; the first `corpus` clips (or all) are documents."""

    def __init__(self, references: Mapping[str, Sequence[str]], corpus: int | None = None) -> None:
        self.documents = len(references) if corpus is None else corpus
        self.clips = {clip: number for number, clip in enumerate(references)}
        self.vocabulary = Vocabulary()
        self.per_clip = np.fromiter(map(len, references.values()), np.int64, len(references))
        captions = [line for lines in references.values() for line in lines]
        self.lines = Lines.encode(captions, self.vocabulary)
        self.clip_of = np.repeat(np.arange(len(self.clips)), self.per_clip)
        self._size = len(self.vocabulary)
        pairs = np.flatnonzero(self.lines.begins(2))
        self._bigrams, bigram = np.unique(self._pairs(self.lines.words)[pairs], return_inverse=True)
        self._bigram = np.full(len(self.lines.words), -1)
        self._bigram[pairs] = bigram
        self.pair = np.empty(len(self.lines.words), np.int32)
        """per word of a reference: the number of its (word, clip) pair"""
        # Sorting runs outside Python's lock, so two cores share the four orders, unless room is short.
        with ThreadPoolExecutor(2 if len(self.lines.words) < MANY else 1) as pool:
            self.orders = list(pool.map(self._order, range(1, ORDERS + 1)))

    def _pairs(self, words: Ints) -> Ints:
        """Codes of the bigrams at every word; junk where none fits."""
        return words * (self._size + 1) + shift(words, 1)

    def _codes(self, n: int, words: Ints, bigram: Ints) -> Ints:
        """Codes of the n-grams at every word, from words and numbers of bigrams; junk where none fits."""
        if n == 1:
            return words
        if n == 2:
            return bigram
        if n == 3:
            return bigram * (self._size + 1) + shift(words, 2)
        return bigram * (len(self._bigrams) + 1) + shift(bigram, 2)

    def _order(self, n: int) -> Order:
        """Sort (gram, clip, reference), then read off entries, pairs and grams as runs of equal values."""
        at = np.flatnonzero(self.lines.begins(n))
        code = self._codes(n, self.lines.words, self._bigram)[at]
        low, bits = int(self.per_clip.max(initial=0)).bit_length(), len(self.clips).bit_length()
        if int(code.max(initial=0)).bit_length() + bits + low > 63:
            raise DataError(
                "these references have too many n-grams to be counted", hint="score them in parts"
            )
        starts = np.cumsum(self.per_clip) - self.per_clip
        reference = self.lines.owner[at]
        clip = self.clip_of[reference]
        code <<= bits  # in place: one array of all words is much room where there are many
        code |= clip
        code <<= low
        code |= reference - starts[clip]
        del at, reference, clip
        if n == 1:
            order = np.argsort(code)
            code = code[order]
            self.pair[order] = np.cumsum(fresh(code >> low)) - 1
        else:
            code.sort()
        entry = np.flatnonzero(fresh(code))
        count = np.diff(np.append(entry, len(code))).astype(np.int32)
        code = code[entry]
        pair = code >> low
        begin = np.flatnonzero(fresh(pair))
        most = np.maximum.reduceat(count, begin) if len(begin) else count
        first_of_gram = fresh(pair[begin] >> bits)
        clip = pair[begin] & ((1 << bits) - 1)
        gram = np.cumsum(first_of_gram) - 1
        documents = np.bincount(gram[clip < self.documents], minlength=int(first_of_gram.sum()))
        reference = (starts[pair & ((1 << bits) - 1)] + (code & ((1 << low) - 1))).astype(np.int32)
        first = np.append(begin, len(entry)).astype(np.int32)
        return Order(
            pair[begin][first_of_gram] >> bits,
            documents,
            gram << bits | clip,
            most,
            first,
            reference,
            count,
            bits,
        )

    def find(self, clips: Ints, captions: Sequence[str]) -> Predicted:
        """Look up predictions: `clips[i]` is the number of the clip that `captions[i]` describes."""
        vocabulary = Extension(self.vocabulary)
        lines = Lines.encode(captions, vocabulary)
        known = np.where(lines.words < self._size, lines.words, -1)
        bigram = np.where((known >= 0) & (shift(known, 1) >= 0), self._pairs(known), -1)
        bigram = locate(self._bigrams, bigram)
        own = np.zeros(len(lines.words), np.int64)
        orders = []
        for n in range(1, ORDERS + 1):
            at = np.flatnonzero(lines.begins(n))
            _, own[at] = np.unique(
                (own * vocabulary.size + shift(lines.words, n - 1))[at], return_inverse=True
            )
            whole = known >= 0 if n == 1 else bigram >= 0
            if n > 2:
                whole &= shift(known if n == 3 else bigram, 2) >= 0
            code = np.where(whole, self._codes(n, known, bigram), -1)[at]
            order = self.orders[n - 1]
            gram = code if n <= 2 else locate(order.grams, code)
            orders.append(self._found(order, lines.owner[at], gram, own[at], clips))
        return Predicted(clips, lines, orders)

    def _found(self, order: Order, row: Ints, gram: Ints, own: Ints, clips: Ints) -> Found:
        """One row per distinct n-gram of a prediction; `own` numbers also those that references lack."""
        code = row * (len(own) + 1) + own
        _, begin, count = np.unique(code, return_index=True, return_counts=True)
        row, gram = row[begin], gram[begin]
        return Found(row, count, gram, order.find(clips[row], gram))


@dataclass(frozen=True)
class Predicted:
    """Predictions with their n-grams looked up in the references."""

    clips: Ints
    lines: Lines
    orders: list[Found]
