"""The vocabulary of the authors: one id begins, ends and pads a text; the last one stands for unknown words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from vidcap_core.api import ConfigError, DataError

END, UNKNOWN = "<end>", "<unk>"
GAPS = str.maketrans(dict.fromkeys(',:!_;-.?/"\\\n', " "))
"""Marks that become spaces; apostrophes stay."""


class PDVCVocabulary:
    """Words by frequency, after the one special token 0.

    min_count: how often a word must occur.
    """

    pad_id = bos_id = eos_id = 0

    def __init__(self, min_count: int = 1) -> None:
        self.min_count = min_count
        self._set([END, UNKNOWN])

    def fit(self, captions: Iterable[str]) -> None:
        """Learn the words of the training captions."""
        counts = Counter(word for text in captions for word in _words(text))
        if not counts:
            raise DataError("a vocabulary cannot be learnt: there is not one word in the captions")
        words = sorted(counts, key=lambda word: (-counts[word], word))
        kept = [word for word in words if counts[word] >= self.min_count and word not in (END, UNKNOWN)]
        self._set([END, *kept, UNKNOWN])

    def __len__(self) -> int:
        return len(self.words)

    @property
    def unknown_id(self) -> int:
        """The last id. In the authors' files a word may share it."""
        return len(self.words) - 1

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids that stand for no word."""
        return frozenset({self.pad_id})

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without the special one around it."""
        return [self._ids.get(word, self.unknown_id) for word in _words(text)]

    def encode_raw(self, text: str) -> list[int]:
        """The same: whole words have no spaces to keep."""
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        return " ".join(self.words[number] for number in ids if number != self.pad_id)

    def token_id(self, token: str) -> int:
        """The id of one word or special token."""
        if token not in self._ids:
            raise ConfigError(f"the vocabulary has no '{token}'", hint="tokenizer.min_count=1")
        return self._ids[token]

    def state(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {"words": self.words, "min_count": self.min_count}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> PDVCVocabulary:
        """The vocabulary that gave this state."""
        made = cls(state["min_count"])
        made._set(state["words"])
        return made

    def _set(self, words: Sequence[str]) -> None:
        if len(words) < 2 or words[0] != END:
            raise ValueError(f"the first word is not {END}")
        self.words = [str(word) for word in words]
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ConfigError(f"the vocabulary has '{twice}' twice")


def _words(text: str) -> list[str]:
    return text.translate(GAPS).lower().split()
