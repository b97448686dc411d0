"""The attribute vocabulary: words that a clip may be about, and words of emotion."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vidcap_core.api import ConfigError, Lexicon, lexicon

Emotions = Literal["all", "seen", "none"]

LIGHT = frozenset(
    [
        "a",
        "an",
        "the",
        "be",
        "is",
        "are",
        "was",
        "were",
        "been",
        "being",
        "am",
        "have",
        "has",
        "had",
        "having",
        "do",
        "does",
        "did",
        "doing",
        "of",
        "in",
        "on",
        "at",
        "to",
        "from",
        "by",
        "with",
        "for",
        "into",
        "onto",
        "over",
        "under",
        "near",
        "off",
        "up",
        "down",
        "about",
        "after",
        "before",
        "through",
        "around",
        "between",
        "behind",
        "along",
        "across",
        "against",
        "and",
        "or",
        "but",
        "so",
        "as",
        "than",
        "that",
        "while",
        "if",
        "because",
        "nor",
        "s",
    ]
)
"""Articles, auxiliaries, bare prepositions, conjunctions."""

WIDE = LIGHT | frozenset(
    [
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "me",
        "him",
        "her",
        "us",
        "them",
        "my",
        "your",
        "his",
        "its",
        "our",
        "their",
        "this",
        "these",
        "those",
        "there",
        "here",
        "who",
        "whom",
        "whose",
        "which",
        "what",
        "when",
        "where",
        "why",
        "how",
        "all",
        "any",
        "both",
        "each",
        "few",
        "more",
        "most",
        "other",
        "others",
        "some",
        "such",
        "no",
        "not",
        "only",
        "own",
        "same",
        "too",
        "very",
        "can",
        "could",
        "will",
        "would",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "just",
        "also",
        "then",
        "now",
        "out",
        "again",
        "once",
        "very",
        "much",
        "many",
        "one",
        "two",
        "three",
        "something",
        "someone",
        "somebody",
        "anyone",
        "everyone",
        "another",
        "other",
        "get",
        "gets",
        "got",
        "getting",
        "see",
        "sees",
        "saw",
        "seen",
        "seems",
        "seem",
        "seeming",
        "looks",
        "look",
        "looking",
        "new",
        "s",
        "t",
        "don",
    ]
)
"""LIGHT, and pronouns, numbers, adverbs and empty verbs."""


@dataclass(frozen=True)
class Attributes:
    """K attributes: `universal` words first, then `emotional` ones with their categories."""

    universal: tuple[str, ...]
    emotional: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    """Categories of each emotional word."""

    @property
    def words(self) -> tuple[str, ...]:
        """All K of them."""
        return self.universal + self.emotional

    @classmethod
    def of(
        cls,
        vocabulary: Sequence[str],
        count: int,
        stoplist: str = "light",
        emotions: Emotions = "all",
        lexicon: str | None = None,
    ) -> Attributes:
        """From training words, the most frequent first.

        Universal: the first `count` words that are neither in the stop list nor emotional. Emotional: the
        lexicon, or what of it is in the vocabulary ("seen").
        """
        known = read_lexicon(lexicon).words
        stop = stop_words(stoplist)
        there = set(vocabulary)
        if lexicon is not None:
            _warn_of_unknown(lexicon, [word for word in known if word not in there], len(known))
        chosen = {"all": list(known), "seen": [w for w in known if w in there], "none": []}[emotions]
        words = sorted(chosen)
        taken = stop | set(words)
        universal = [word for word in vocabulary if word not in taken]
        return cls(tuple(universal[:count]), tuple(words), tuple(known[word] for word in words))


def training_words(tokenizer: Any) -> list[str]:
    """The words of a tokenizer of whole words, most frequent first, without its special tokens."""
    words = getattr(tokenizer, "words", None)
    if words is None:
        raise ConfigError(
            "attributes are whole words, and this tokenizer has none",
            hint='tokenizer=dict(type="Vocabulary", min_count=3)',
        )
    return [word for word in words if not (word.startswith("<") and word.endswith(">"))]


def stop_words(name: str) -> frozenset[str]:
    """The stop list "none", "light" or "wide", or a file with one word a line."""
    known = {"none": frozenset[str](), "light": LIGHT, "wide": WIDE}
    if name in known:
        return known[name]
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"head.stoplist: no list and no file is named '{name}'",
            hint="'none', 'light', 'wide', or a file with one word a line",
        )
    return frozenset(path.read_text(encoding="utf-8").split())


def read_lexicon(path: str | None) -> Lexicon:
    """The core's lexicon, or a JSON file of the same form: {"categories": {"joy": ["happy", ...], ...}}."""
    if path is None:
        return lexicon()
    try:
        categories = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))["categories"]
        return Lexicon({str(name): tuple(map(str, words)) for name, words in categories.items()}, path)
    except OSError as error:
        raise ConfigError(f"lexicon {path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f'lexicon {path}: is not of the form {{"categories": {{"joy": ["happy"]}}}}'
        ) from error


def _warn_of_unknown(path: str, unknown: list[str], size: int) -> None:
    if len(unknown) == size:
        raise ConfigError(
            f"lexicon {path}: not one of its {size} words is in the vocabulary", hint="words in lower case"
        )
    if unknown:
        first = ", ".join(sorted(unknown)[:8])
        warnings.warn(
            f"lexicon {path}: {len(unknown)} of {size} words never occur in training captions: {first}",
            stacklevel=4,
        )
