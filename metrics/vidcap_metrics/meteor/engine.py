"""METEOR of single captions, built for many pairs: sentences, words and phrases are looked up once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vidcap_metrics.meteor.align import Match, align
from vidcap_metrics.meteor.normalize import normalize
from vidcap_metrics.meteor.score import SIZE, SegmentStats, score, total
from vidcap_metrics.meteor.tables import load_tables
from vidcap_metrics.meteor.words import PARAPHRASE, Phrases, Vocabulary


@dataclass(frozen=True)
class Prepared:
    """A sentence as numbers: its words, and the phrases in it that have paraphrases (number, start, length)."""

    words: tuple[int, ...]
    function: tuple[bool, ...]
    distinct: frozenset[int]
    """its words"""
    phrases: tuple[tuple[int, int, int], ...]
    phrase_numbers: frozenset[int]
    paraphrases: tuple[tuple[Mapping[int, int], int, int], ...]
    """per phrase: what may stand for it, each with its place in the table's order; start, length"""


class MeteorEngine:
    """Counts, scores of segments, and scores of many segments together."""

    def __init__(self) -> None:
        self._tables = load_tables()
        self._vocabulary = Vocabulary(self._tables)
        self._phrases = Phrases(self._tables)
        self._prepared: dict[str, Prepared] = {}

    def prepare(self, sentence: str) -> Prepared:
        """The sentence as numbers, from memory when it was seen before."""
        prepared = self._prepared.get(sentence)
        if prepared is None:
            self.prepare_all([sentence])
            prepared = self._prepared[sentence]
        return prepared

    def prepare_all(self, sentences: Iterable[str]) -> None:
        """Prepare many sentences together, which is faster than one by one."""
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._prepared]
        number, abbreviations = self._vocabulary.number, self._tables.abbreviations
        words = [tuple(map(number, normalize(sentence, abbreviations))) for sentence in new]
        function, paraphrases = self._vocabulary.function, self._phrases.paraphrases
        for sentence, numbers, phrases in zip(
            new, words, self._phrases.find(words, self._vocabulary), strict=True
        ):
            self._prepared[sentence] = Prepared(
                numbers,
                tuple(function[word] for word in numbers),
                frozenset(numbers),
                tuple(phrases),
                frozenset(phrase[0] for phrase in phrases),
                tuple((paraphrases(number), start, length) for number, start, length in phrases),
            )

    def stats(self, hypothesis: str, references: Sequence[str]) -> SegmentStats:
        """Counts of a caption with the reference that gives it the best score; of equals, the first."""
        caption = self.prepare(hypothesis)
        best: SegmentStats = (float(len(caption.words)), *[0.0] * (SIZE - 1))
        highest = -1.0
        for sentence in references:
            reference = self.prepare(sentence)
            matches = self._matches(caption, reference)
            if highest >= 0 and _bound(caption, reference, matches) <= highest:
                continue
            stats = _counts(caption, reference, matches)
            value = score(stats)
            if value > highest:
                best, highest = stats, value
        return best

    def alignment(self, hypothesis: str, reference: str) -> list[Match]:
        """The matches that count, in the reference's order."""
        caption, other = self.prepare(hypothesis), self.prepare(reference)
        return align(self._matches(caption, other), len(other.words))[0]

    def segment_score(self, stats: SegmentStats) -> float:
        """The score of one segment."""
        return score(stats)

    def aggregate(self, stats: Sequence[SegmentStats]) -> float:
        """The score of many segments together, which is not their mean."""
        return total(stats)

    def _matches(self, caption: Prepared, reference: Prepared) -> list[Match]:
        """All matches; two stretches that match for several reasons come several times.

        The order counts: of equal alignments it decides which is taken. What the table says of the reference's
        phrases comes first, then what it says of the caption's.
        """
        out: list[Match] = []
        related, others = self._vocabulary.related, reference.distinct
        for at, word in enumerate(caption.words):
            kinds = related[word]
            if kinds.keys().isdisjoint(others):
                continue
            for start, other in enumerate(reference.words):
                if other in kinds:
                    out += [(start, 1, at, 1, kind) for kind in kinds[other]]
        numbers = caption.phrase_numbers
        for paraphrases, start, length in reference.paraphrases:
            if not paraphrases.keys().isdisjoint(numbers):
                for at, caption_length in _found(paraphrases, caption):
                    out.append((start, length, at, caption_length, PARAPHRASE))
        numbers = reference.phrase_numbers
        for paraphrases, at, caption_length in caption.paraphrases:
            if not paraphrases.keys().isdisjoint(numbers):
                for start, length in _found(paraphrases, reference):
                    out.append((start, length, at, caption_length, PARAPHRASE))
        return out


def _found(paraphrases: Mapping[int, int], sentence: Prepared) -> list[tuple[int, int]]:
    """Start and length of those that stand in the sentence, in the table's order."""
    matches = [
        (paraphrases[phrase], start, length)
        for phrase, start, length in sentence.phrases
        if phrase in paraphrases
    ]
    return [match[1:] for match in sorted(matches)]


def _counts(caption: Prepared, reference: Prepared, matches: Sequence[Match]) -> SegmentStats:
    chosen, chunks = align(matches, len(reference.words))
    counts = [0] * 16
    matched = matched_reference = 0
    for start, length, at, caption_length, kind in chosen:
        for function in caption.function[at : at + caption_length]:
            counts[4 * kind + 2 * function] += 1
        for function in reference.function[start : start + length]:
            counts[4 * kind + 2 * function + 1] += 1
        matched += caption_length
        matched_reference += length
    return (
        float(len(caption.words)),
        float(len(reference.words)),
        float(sum(caption.function)),
        float(sum(reference.function)),
        *map(float, counts),
        float(chunks),
        float(matched),
        float(matched_reference),
    )


def _bound(caption: Prepared, reference: Prepared, matches: Sequence[Match]) -> float:
    """No alignment of these matches scores more: as if each were exact, and all of them one chunk."""
    used: set[int] = set()
    used_caption: set[int] = set()
    for start, length, at, caption_length, _ in matches:
        used.update(range(start, start + length))
        used_caption.update(range(at, at + caption_length))
    function = sum(caption.function[at] for at in used_caption)
    reference_function = sum(reference.function[at] for at in used)
    exact = len(used_caption) - function, len(used) - reference_function, function, reference_function
    return (
        score(
            (
                len(caption.words),
                len(reference.words),
                sum(caption.function),
                sum(reference.function),
                *exact,
                *[0] * 12,
                1,
                len(used_caption),
                len(used),
            )
        )
        + 1e-12
    )
