"""Emotion scores of the EmVidCap line (Wang et al., 2021): are the emotion words of a caption the right ones?

R(v): categories of all lexicon words in v's references;  C(v): categories of those in its prediction
Right = C(v) ∩ R(v),  Wrong = C(v) \\ R(v)
Acc_sw = Σ|Right| / (Σ|Right| + Σ|Wrong| + φ),   φ: predictions without any lexicon word
Acc_c  = exp(−N_h / (N_r − N_h − 1e-4)) · N_r / N
    N predictions, N_r of them with a right category, N_h of these with a wrong one too
BFS = 0.8 (0.1 B1 + 0.2 B2 + 0.3 B3 + 0.4 B4) + 0.1 (Acc_sw + Acc_c)
CFS = 0.8 CIDEr-D + 0.1 (Acc_sw + Acc_c)
"""

from __future__ import annotations

import json
import math
import string
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from vidcap_core.errors import DataError
from vidcap_core.metrics.base import Values
from vidcap_core.metrics.bleu import Bleu
from vidcap_core.metrics.cider import CiderD
from vidcap_core.metrics.references import References
from vidcap_core.metrics.scorer import Missing, Scorer, ScoreWarning

Protocol = Literal["full", "epan"]
ALPHA = 1e-4
BLEU_WEIGHTS = (0.1, 0.2, 0.3, 0.4)
EPAN_WORDS = 15


@dataclass(frozen=True)
class Lexicon:
    """Emotion words by category."""

    categories: Mapping[str, tuple[str, ...]]
    source: str

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Each word's categories, in alphabetical order."""
        out: dict[str, tuple[str, ...]] = {}
        for category in sorted(self.categories):
            for word in self.categories[category]:
                out[word] = (*out.get(word, ()), category)
        return out


@cache
def lexicon() -> Lexicon:
    """The lexicon that comes with the package: 34 categories, 179 words."""
    text = resources.files("vidcap_core.metrics").joinpath("data/emotion_lexicon.json").read_text("utf-8")
    data = json.loads(text)
    return Lexicon({name: tuple(words) for name, words in data["categories"].items()}, data["source"])


@dataclass(frozen=True)
class Counts:
    """What the accuracies are made of."""

    right: int
    wrong: int
    plain: int
    """predictions without an emotion word"""
    hits: int
    """predictions with a right category"""
    mixed: int
    """predictions with a right and a wrong one"""
    captions: int

    @property
    def acc_sw(self) -> float:
        """Share of right ones among all emotion words, a caption without one counting as one wrong."""
        return self.right / (self.right + self.wrong + self.plain)

    @property
    def acc_c(self) -> float:
        """Share of captions with a right one, less the more of them also have a wrong one."""
        if self.hits == 0 or self.hits == self.mixed:
            return 0.0  # the formula overflows when every hit is mixed; its limit is 0
        return math.exp(-self.mixed / (self.hits - self.mixed - ALPHA)) * self.hits / self.captions


@dataclass(frozen=True)
class Prepared:
    """References' categories, and what BLEU and CIDEr-D keep of them."""

    categories: dict[str, frozenset[str]]
    bleu: Any
    cider: Any


class Emotion:
    """Acc_sw, Acc_c, BFS and CFS.

    A word of two categories counts as both in references, as the alphabetically first in a prediction.
    """

    name = "emotion"
    version = "1"

    def __init__(self, words: Lexicon | None = None) -> None:
        self._words = (words or lexicon()).words
        self._bleu, self._cider = Bleu(), CiderD()

    def prepare(self, references: Mapping[str, Sequence[str]]) -> Prepared:
        """Categories of every clip's references."""
        references = References.of(references)
        found = {
            clip: frozenset(c for line in lines for word in line.split() for c in self._words.get(word, ()))
            for clip, lines in references.items()
        }
        if not any(found.values()):
            raise DataError(
                "no reference has an emotion word: emotion scores would all be 0",
                hint="score emotional captions, or leave the metric 'emotion' out",
            )
        return Prepared(found, self._bleu.prepare(references), self._cider.prepare(references))

    def score(self, prepared: Prepared, predictions: Mapping[str, str]) -> Values:
        """All four, and the share of captions without an emotion word."""
        sides = {clip: self._sides(prepared.categories[clip], line) for clip, line in predictions.items()}
        counts = Counts(
            right=sum(len(right) for right, _ in sides.values()),
            wrong=sum(len(wrong) for _, wrong in sides.values()),
            plain=sum(not right and not wrong for right, wrong in sides.values()),
            hits=sum(bool(right) for right, _ in sides.values()),
            mixed=sum(bool(right and wrong) for right, wrong in sides.values()),
            captions=len(sides),
        )
        if counts.plain == counts.captions:
            warnings.warn(
                "no prediction has an emotion word: Acc_sw and Acc_c are 0", ScoreWarning, stacklevel=2
            )
        bleu = self._bleu.score(prepared.bleu, predictions).corpus
        cider = self._cider.score(prepared.cider, predictions).corpus["CIDEr-D"]
        emotional = 0.1 * (counts.acc_sw + counts.acc_c)
        factual = sum(weight * bleu[f"BLEU-{n}"] for n, weight in enumerate(BLEU_WEIGHTS, start=1))
        corpus = {
            "Acc_sw": counts.acc_sw,
            "Acc_c": counts.acc_c,
            "BFS": 0.8 * factual + emotional,
            "CFS": 0.8 * cider + emotional,
            "no-emotion": counts.plain / counts.captions,
        }
        return Values(corpus, {
            "emotion-right": {clip: float(len(right)) for clip, (right, _) in sides.items()},
            "emotion-wrong": {clip: float(len(wrong)) for clip, (_, wrong) in sides.items()},
        })  # fmt: skip

    def _sides(self, wanted: frozenset[str], line: str) -> tuple[frozenset[str], frozenset[str]]:
        """Right and wrong categories of a prediction."""
        said = frozenset(self._words[word][0] for word in line.split() if word in self._words)
        return said & wanted, said - wanted


def emotion_scorer(
    references: Mapping[str, Sequence[str]], protocol: Protocol = "full", missing: Missing = "error"
) -> Scorer:
    """References ready for the emotion scores.

    "full": all words, PTB tokens. "epan": as EPAN's release prepares them (ASCII only, no punctuation, references
    cut to 15 words), to compare with numbers made that way.
    """
    if protocol == "full":
        return Scorer(references, [Emotion()], missing=missing)
    short = {
        clip: [" ".join(line.split()[:EPAN_WORDS]) for line in epan_tokens(lines)]
        for clip, lines in References(references).items()
    }
    return Scorer(short, [Emotion()], missing=missing, tokenizer=epan_tokens, tokenizer_name="epan-15")


def epan_tokens(lines: Iterable[str]) -> list[str]:
    """Small letters, without punctuation and what is not ASCII; words are what white space separates."""
    gone = str.maketrans("", "", string.punctuation)
    return [
        " ".join(line.encode("ascii", "ignore").decode().translate(gone).lower().split()) for line in lines
    ]
