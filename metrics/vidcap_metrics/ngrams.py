"""N-grams of tokenised captions as integer arrays: counted once for references, looked up for predictions.

Words are interned to integers and an n-gram is one integer too. For every order n, the references' n-grams
are kept as sorted arrays, so that looking up all n-grams of all predictions is one binary search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.errors import DataError

Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Indices = NDArray[np.int64] | NDArray[np.int32]
Floats = NDArray[np.float64]
ORDERS = 4
BLOCK = 20_000
"""captions that are split into words at a time, as words take ten times the room of their numbers"""
MANY = 4_000_000
"""words from which on the orders are sorted one after the other"""


class Vocabulary(dict[str, int]):
    """Words → 0, 1, 2, …; a new word gets the next number."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


class Extension(Vocabulary):
    """Another vocabulary's numbers, and further ones for words that it does not have; it stays as it is."""

    def __init__(self, base: Vocabulary) -> None:
        super().__init__()
        self.base = base
        self.size = len(base)

    def __missing__(self, word: str) -> int:
        number = self.base.get(word)
        if number is None:
            number, self.size = self.size, self.size + 1
        self[word] = number
        return number


@dataclass(frozen=True)
class Lines:
    """Captions as word numbers: all words in one array, with each caption's length."""

    words: Ints
    lengths: Ints

    @classmethod
    def encode(cls, captions: Sequence[str], vocabulary: Vocabulary, blank: str | None = None) -> Lines:
        """Captions split at any white space, or at `blank` alone; new words are added to the vocabulary."""
        words, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
        for start in range(0, len(captions), BLOCK):
            numbers, counts = _encode(captions[start : start + BLOCK], vocabulary, blank)
            words.append(numbers)
            lengths.append(counts)
        return cls(np.concatenate(words).astype(np.int64), np.concatenate(lengths))

    @property
    def owner(self) -> Ints:
        """Which caption each word belongs to."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def starts(self) -> Ints:
        """Where each caption's words begin."""
        return np.cumsum(self.lengths) - self.lengths

    @cached_property
    def place(self) -> Ints:
        """Where in its caption each word stands."""
        return np.arange(len(self.words)) - np.repeat(self.starts, self.lengths)

    def of(self, caption: int) -> list[int]:
        """The words of one caption."""
        start = int(self.starts[caption])
        return list(self.words[start : start + int(self.lengths[caption])].tolist())

    @property
    def left(self) -> Ints:
        """How many words each word and those after it in its caption are."""
        return np.repeat(self.starts + self.lengths, self.lengths) - np.arange(len(self.words))

    def begins(self, n: int) -> NDArray[np.bool_]:
        """Which words begin an n-gram that fits into its caption."""
        return self.left >= n


def _encode(captions: Sequence[str], vocabulary: Vocabulary, blank: str | None) -> tuple[Ints32, Ints]:
    """Numbers of all words, and words by caption."""
    whole = " ".join(captions)
    words = whole.split(blank)
    if all(captions) and "  " not in whole and whole.count(" ") + 1 == len(words):
        counts = [caption.count(" ") + 1 for caption in captions]
    else:
        lists = [caption.split(blank) for caption in captions]
        words = list(chain.from_iterable(lists))
        counts = [len(tokens) for tokens in lists]
    numbers = np.fromiter(map(vocabulary.__getitem__, words), np.int32, len(words))
    return numbers, np.array(counts, np.int64)


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
        return words * (self._size + 1) + _shift(words, 1)

    def _codes(self, n: int, words: Ints, bigram: Ints) -> Ints:
        """Codes of the n-grams at every word, from words and numbers of bigrams; junk where none fits."""
        if n == 1:
            return words
        if n == 2:
            return bigram
        if n == 3:
            return bigram * (self._size + 1) + _shift(words, 2)
        return bigram * (len(self._bigrams) + 1) + _shift(bigram, 2)

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
            self.pair[order] = np.cumsum(_fresh(code >> low)) - 1
        else:
            code.sort()
        entry = np.flatnonzero(_fresh(code))
        count = np.diff(np.append(entry, len(code))).astype(np.int32)
        code = code[entry]
        pair = code >> low
        begin = np.flatnonzero(_fresh(pair))
        most = np.maximum.reduceat(count, begin) if len(begin) else count
        fresh = _fresh(pair[begin] >> bits)
        clip = pair[begin] & ((1 << bits) - 1)
        gram = np.cumsum(fresh) - 1
        documents = np.bincount(gram[clip < self.documents], minlength=int(fresh.sum()))
        reference = (starts[pair & ((1 << bits) - 1)] + (code & ((1 << low) - 1))).astype(np.int32)
        first = np.append(begin, len(entry)).astype(np.int32)
        return Order(
            pair[begin][fresh] >> bits, documents, gram << bits | clip, most, first, reference, count, bits
        )

    def find(self, clips: Ints, captions: Sequence[str]) -> Predicted:
        """Look up predictions: `clips[i]` is the number of the clip that `captions[i]` describes."""
        vocabulary = Extension(self.vocabulary)
        lines = Lines.encode(captions, vocabulary)
        known = np.where(lines.words < self._size, lines.words, -1)
        bigram = np.where((known >= 0) & (_shift(known, 1) >= 0), self._pairs(known), -1)
        bigram = locate(self._bigrams, bigram)
        own = np.zeros(len(lines.words), np.int64)
        orders = []
        for n in range(1, ORDERS + 1):
            at = np.flatnonzero(lines.begins(n))
            _, own[at] = np.unique(
                (own * vocabulary.size + _shift(lines.words, n - 1))[at], return_inverse=True
            )
            whole = known >= 0 if n == 1 else bigram >= 0
            if n > 2:
                whole &= _shift(known if n == 3 else bigram, 2) >= 0
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


def _shift(values: Ints, by: int) -> Ints:
    """The value `by` places further on; the last ones get -1."""
    return np.append(values[by:], np.full(min(by, len(values)), -1))


def _fresh(values: Ints) -> NDArray[np.bool_]:
    """Where a sorted array has a value for the first time."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def locate(ordered: Ints, wanted: Ints) -> Ints:
    """Places of values in a sorted array, -1 for those it does not have."""
    if not len(ordered):
        return np.full(len(wanted), -1)
    order = np.argsort(wanted)  # a search that moves forward stays in the processor's cache
    wanted = wanted[order]
    index = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    out = np.empty(len(wanted), np.int64)
    out[order] = np.where(ordered[index] == wanted, index, -1)
    return out


def expand(first: Indices, last: Indices) -> tuple[Ints, Ints]:
    """All places of many ranges, and which range each belongs to."""
    sizes = last - first
    owner = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) - np.repeat(starts - first, sizes), owner


def bincount(index: Indices, weights: NDArray[Any], size: int) -> Floats:
    """Sum the weights that share an index."""
    return np.bincount(index, weights=weights, minlength=size).astype(np.float64, copy=False)
