"""The vocabulary of CARE and NACF: six special words, then concepts by frequency, then the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from vidcap_core.api import ConfigError, DataError, text_rule

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>", "<mask>", "<vis>")
RULE = "lower_no_punctuation"
_FUNCTION = """
    a about above across after against all along also am an and another any are around as at away be because
    been before behind being below beside between both but by can could did do does doing down during each for from
    had has have having he her here him his how i if in inside into is it its just like more near next no not of off
    on one onto or other out outside over own she so some something someone than that the their them then there these
    they this through to together too toward towards two under up upon very was we were what when where which while
    who will with within without you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""Words that are no concepts, and no visual words of NACF's templates."""


class CAREVocabulary:
    """Words by frequency, concepts first, so that concept k is the word k + 6.

    concepts: how many of the most frequent words that are no function words come first.
    min_count: how often a word must occur.
    """

    pad_id, unknown_id, bos_id, eos_id = range(4)

    def __init__(self, concepts: int = 500, min_count: int = 1) -> None:
        self.concepts, self.min_count = concepts, min_count
        self._clean = text_rule(RULE)
        self._set(list(SPECIALS))

    def fit(self, captions: Iterable[str]) -> None:
        """Learn the words of the training captions."""
        counts = Counter(word for text in captions for word in self._clean(text).split())
        if not counts:
            raise DataError("a vocabulary cannot be learnt: there is not one word in the captions")
        words = sorted(counts, key=lambda word: (-counts[word], word))
        words = [word for word in words if counts[word] >= self.min_count and word not in SPECIALS]
        first = [word for word in words if word not in FUNCTION_WORDS][: self.concepts]
        self._set([*SPECIALS, *first, *(word for word in words if word not in set(first))])

    def __len__(self) -> int:
        return len(self.words)

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids that stand for no word."""
        return frozenset(range(len(SPECIALS)))

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without specials around it."""
        return [self._ids.get(word, self.unknown_id) for word in self._clean(text).split()]

    def encode_raw(self, text: str) -> list[int]:
        """The same: whole words have no spaces to keep."""
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; of the special words only the unknown one is read."""
        silent = self.special_ids - {self.unknown_id}
        return " ".join(self.words[number] for number in ids if number not in silent)

    def token_id(self, token: str) -> int:
        """The id of one word or special token."""
        if token not in self._ids:
            raise ConfigError(f"the vocabulary has no '{token}'", hint="tokenizer.min_count=1")
        return self._ids[token]

    def state(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {"words": self.words, "concepts": self.concepts, "min_count": self.min_count}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> CAREVocabulary:
        """The vocabulary that gave this state."""
        made = cls(state["concepts"], state["min_count"])
        made._set(state["words"])
        return made

    def _set(self, words: Sequence[str]) -> None:
        if tuple(words[: len(SPECIALS)]) != SPECIALS:
            raise ValueError(f"the first words are not {', '.join(SPECIALS)}")
        self.words = [str(word) for word in words]
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ConfigError(f"the vocabulary has '{twice}' twice")
