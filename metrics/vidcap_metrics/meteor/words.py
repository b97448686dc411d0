"""Words and phrases as numbers, and which of those seen so far may stand for one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidcap_metrics.meteor.phrases import longer, word_hash
from vidcap_metrics.meteor.stem import stem
from vidcap_metrics.meteor.tables import Tables

EXACT, STEM, SYNONYM, PARAPHRASE = range(4)
LONGEST = 7
"""words in the longest phrase of the table"""


class Vocabulary:
    """Numbers of words, what is known of each, and `related[word][other]`: the kinds of their match."""

    def __init__(self, tables: Tables) -> None:
        self.numbers: dict[str, int] = {}
        self.function: list[bool] = []
        self.related: list[dict[int, tuple[int, ...]]] = []
        self.hashes: list[int] = []
        self.powers: list[int] = []
        self._tables = tables
        self._by_hash: dict[int, list[int]] = {}
        self._by_stem: dict[int, list[int]] = {}
        self._by_set: dict[int, list[int]] = {}

    def number(self, word: str) -> int:
        """The word's number; a new word gets the next one."""
        number = self.numbers.get(word)
        return self._add(word) if number is None else number

    def _add(self, word: str) -> int:
        number = self.numbers[word] = len(self.numbers)
        self.function.append(word in self._tables.function_words)
        total, power = word_hash(word)
        self.hashes.append(total)
        self.powers.append(power)
        kinds: dict[int, tuple[int, ...]] = {}
        same = self._by_hash.setdefault(java_hash(word), [])
        same_stem = self._by_stem.setdefault(java_hash(stem(word)), [])
        for other in same_stem:
            kinds[other] = (STEM,)
        sets = [self._by_set.setdefault(set_id, []) for set_id in self._tables.synonym_sets(word)]
        for other in {other for members in sets for other in members}:
            kinds[other] = (*kinds.get(other, ()), SYNONYM)
        kinds |= dict.fromkeys(same, (EXACT,))
        for other, why in kinds.items():
            self.related[other][number] = why
        self.related.append(kinds | {number: (EXACT,)})
        for members in (same, same_stem, *sets):
            members.append(number)
        return number


def java_hash(word: str) -> int:
    """What the Java program compares words and stems by, so that `as` matches the Telugu letter U+0C32."""
    total = 0
    data = word.encode("utf-16-be", "surrogatepass")
    for high, low in zip(data[::2], data[1::2], strict=True):
        total = (31 * total + (high << 8 | low)) & 0xFFFFFFFF
    return total


class Phrases:
    """Phrases of the table of paraphrases, and which others may stand for them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._paraphrases: dict[int, dict[int, int]] = {}

    def find(
        self, words: Sequence[Sequence[int]], vocabulary: Vocabulary
    ) -> list[list[tuple[int, int, int]]]:
        """Phrases of each sentence that the table has: number, start, length."""
        sizes = np.array([len(sentence) for sentence in words], np.int64)
        flat = np.fromiter((word for sentence in words for word in sentence), np.int64, int(sizes.sum()))
        out: list[list[tuple[int, int, int]]] = [[] for _ in words]
        if not len(flat):
            return out
        sentence = np.repeat(np.arange(len(words)), sizes)
        start = np.arange(len(flat)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        left = np.repeat(sizes, sizes) - start
        first = np.array(vocabulary.hashes, np.uint64)[flat]
        power = np.array(vocabulary.powers, np.uint64)[flat]
        position, value = np.arange(len(flat)), first
        parts = []
        for length in range(1, LONGEST + 1):
            number = self._tables.phrases(value)
            known = number >= 0
            parts.append((position[known], np.full(int(known.sum()), length), number[known]))
            longer_ones = left[position] > length
            position = position[longer_ones]
            after = np.zeros(len(flat), np.uint64)
            after[np.flatnonzero(left >= length)] = value
            value = longer(first[position], power[position], after[position + 1])
        positions, lengths, numbers = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((lengths, positions))
        for at, length, number in zip(
            positions[order].tolist(), lengths[order].tolist(), numbers[order].tolist(), strict=True
        ):
            out[sentence[at]].append((number, int(start[at]), length))
        return out

    def paraphrases(self, phrase: int) -> dict[int, int]:
        """What the table says may stand for a phrase, each with its place in the table's order."""
        known = self._paraphrases.get(phrase)
        if known is None:
            others = self._tables.paraphrases(phrase).tolist()
            known = self._paraphrases[phrase] = dict(zip(others, range(len(others)), strict=True))
        return known
