"""Captions as word numbers: words are interned to integers, and all captions lie in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.arrays import Ints, Ints32

BLOCK = 20_000
"""captions that are split into words at a time, as words take ten times the room of their numbers"""


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
