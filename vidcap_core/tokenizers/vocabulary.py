"""Whole words as ids: a vocabulary learnt from the training captions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vidcap_core.errors import ConfigError, DataError
from vidcap_core.tokenizers.normalize import rule

SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")


class Vocabulary:
    """Words that occur often enough, most frequent first, after the specials.

    min_count: how often a word must occur. forced: words that are in whatever their count, as a list or a file with
    one a line. specials: further special tokens. normalize: the rule that cleans texts. max_size: at most so many ids.
    """

    pad_id, bos_id, eos_id, unknown_id = range(4)

    def __init__(
        self,
        min_count: int = 1,
        forced: list[str] | str | None = None,
        specials: list[str] | None = None,
        normalize: str = "lower_no_punctuation",
        max_size: int | None = None,
    ) -> None:
        self.min_count, self.max_size, self.normalize = min_count, max_size, normalize
        self._clean = rule(normalize)
        self._forced = _read_words(forced)
        self._specials = [*SPECIALS, *(specials or [])]
        self.seen: dict[str, int] = {}
        self._set(self._specials)

    def fit(self, captions: Iterable[str]) -> None:
        """Learn the words of the training captions."""
        counts = Counter(word for text in captions for word in self._clean(text).split())
        if not counts:
            raise DataError("a vocabulary cannot be learnt: there is not one word in the captions")
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        forced = set(self._forced)
        words = [word for word in ordered if counts[word] >= self.min_count or word in forced]
        words += sorted(forced - counts.keys())
        if self.max_size is not None:
            words = words[: max(0, self.max_size - len(self._specials))]
        self._set([*self._specials, *(word for word in words if word not in self._specials)])
        unknown = sum(count for word, count in counts.items() if word not in self._ids)
        self.seen = {"types": len(counts), "words": counts.total(), "unknown": unknown}

    def __len__(self) -> int:
        return len(self.words)

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids that stand for no word."""
        return frozenset(range(len(self._specials)))

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without specials around it."""
        return [self._ids.get(word, self.unknown_id) for word in self._clean(text).split()]

    def encode_raw(self, text: str) -> list[int]:
        """The same: whole words have no spaces to keep."""
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; padding, begin and end are left out."""
        return " ".join(self.words[i] for i in ids if i not in (self.pad_id, self.bos_id, self.eos_id))

    def token_id(self, token: str) -> int:
        """The id of one word or special token."""
        if token not in self._ids:
            raise ConfigError(f"the vocabulary has no '{token}'", hint=f'specials=["{token}"]')
        return self._ids[token]

    def statistics(self, captions: Iterable[str]) -> dict[str, float]:
        """How much of some captions the vocabulary knows: share of unknown words, and of captions with one."""
        unknown = words = touched = texts = 0
        for text in captions:
            ids = self.encode(text)
            here = ids.count(self.unknown_id)
            unknown, words = unknown + here, words + len(ids)
            touched, texts = touched + (here > 0), texts + 1
        return {
            "size": len(self),
            "words": words,
            "unknown": unknown / max(1, words),
            "touched": touched / max(1, texts),
        }

    def state(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "words": self.words,
            "specials": self._specials,
            "normalize": self.normalize,
            "min_count": self.min_count,
            "seen": self.seen,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Vocabulary:
        """The vocabulary that gave this state."""
        made = cls(
            min_count=state["min_count"],
            specials=state["specials"][len(SPECIALS) :],
            normalize=state["normalize"],
        )
        made.seen = dict(state["seen"])
        made._set(state["words"])
        return made

    def _set(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ConfigError(f"the vocabulary has '{twice}' twice")


def _read_words(given: list[str] | str | None) -> list[str]:
    if not isinstance(given, str):
        return list(given or [])
    path = Path(given).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"forced: there is no file {path}", hint="a list of words, or a file with one a line"
        )
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
