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
import string
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np

from vidcap_metrics.arrays import Floats
from vidcap_metrics.bleu import Bleu
from vidcap_metrics.cider import CiderD
from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Additive, Values
from vidcap_metrics.references import References
from vidcap_metrics.scorer import Missing, Scorer, ScoreWarning
from vidcap_metrics.signature import hash_captions
from vidcap_metrics.tokenizers import Tokenizer

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
    text = resources.files("vidcap_metrics").joinpath("data/emotion_lexicon.json").read_text("utf-8")
    data = json.loads(text)
    return Lexicon({name: tuple(words) for name, words in data["categories"].items()}, data["source"])


def accuracies(counts: Floats) -> tuple[Floats, Floats]:
    """Acc_sw and Acc_c from rows of (Σ|Right|, Σ|Wrong|, φ, N_r, N_h, N)."""
    right, wrong, plain, hits, mixed, captions = counts.T
    clean = hits - mixed
    factor = np.exp(-mixed / np.where(clean > 0, clean - ALPHA, 1.0))
    factor = np.where(clean > 0, np.where(mixed > 0, factor, 1.0), 0.0)  # overflows where every hit is mixed
    return right / np.maximum(1, right + wrong + plain), factor * hits / np.maximum(1, captions)


@dataclass(frozen=True)
class Prepared:
    """References' categories, and what BLEU and CIDEr-D keep of them."""

    categories: dict[str, frozenset[str]]
    bleu: Any
    cider: Any


class Emotion:
    """Acc_sw, Acc_c, BFS and CFS.

    A word of two categories counts as both in references, as the alphabetically first in a prediction.

    words: the lexicon, emotion words by category; None: the one that comes with the package.
    """

    name = "emotion"
    version = "1"
    describes = ("no-emotion",)

    def __init__(self, words: Lexicon | None = None) -> None:
        self._words = (words or lexicon()).words
        self.settings = {} if words is None else {"lexicon": hash_captions(words.categories)}
        self._bleu, self._cider = Bleu(), CiderD()

    def prepare(self, references: Mapping[str, Sequence[str]]) -> Prepared:
        """Categories of every clip's references."""
        references = References.of(references)
        categories = {
            clip: frozenset(c for line in lines for word in line.split() for c in self._words.get(word, ()))
            for clip, lines in references.items()
        }
        if categories and not any(categories.values()):
            raise DataError(
                "no reference has an emotion word: emotion scores would all be 0",
                hint="score emotional captions, or leave the metric 'emotion' out",
            )
        return Prepared(categories, self._bleu.prepare(references), self._cider.prepare(references))

    def score(self, prepared: Prepared, predictions: Mapping[str, str]) -> Values:
        """All four, and the share of captions without an emotion word."""
        sides = {clip: self._sides(prepared.categories[clip], line) for clip, line in predictions.items()}
        counts = np.array(
            [
                (len(right), len(wrong), not right and not wrong, bool(right), bool(right and wrong), 1)
                for right, wrong in sides.values()
            ],
            np.float64,
        ).reshape(-1, 6)
        if predictions and counts[:, 2].all():
            warnings.warn(
                "no prediction has an emotion word: Acc_sw and Acc_c are 0", ScoreWarning, stacklevel=2
            )
        bleu = self._bleu.score(prepared.bleu, predictions).additive
        cider = self._cider.score(prepared.cider, predictions).clips["CIDEr-D"]
        assert bleu is not None

        def combine(sums: Floats) -> dict[str, Floats]:
            acc_sw, acc_c = accuracies(sums[:, :6])
            bleu_scores = bleu.combine(sums[:, 7:])
            factual = sum(weight * bleu_scores[f"BLEU-{n}"] for n, weight in enumerate(BLEU_WEIGHTS, start=1))
            emotional = 0.1 * (acc_sw + acc_c)
            captions = np.maximum(1, sums[:, 5])
            return {
                "Acc_sw": acc_sw,
                "Acc_c": acc_c,
                "BFS": 0.8 * factual + emotional,
                "CFS": 0.8 * sums[:, 6] / captions + emotional,
                "no-emotion": sums[:, 2] / captions,
            }

        parts = np.column_stack([counts, list(cider.values()), bleu.parts])
        corpus = {name: float(value[0]) for name, value in combine(parts.sum(0)[None]).items()}
        return Values(
            corpus,
            {
                "emotion-right": {clip: float(len(right)) for clip, (right, _) in sides.items()},
                "emotion-wrong": {clip: float(len(wrong)) for clip, (_, wrong) in sides.items()},
            },
            Additive(parts, combine),
        )

    def _sides(self, wanted: frozenset[str], line: str) -> tuple[frozenset[str], frozenset[str]]:
        """Right and wrong categories of a prediction."""
        categories = frozenset(self._words[word][0] for word in line.split() if word in self._words)
        return categories & wanted, categories - wanted


def emotion_scorer(
    references: Mapping[str, Sequence[str]], protocol: Protocol = "full", missing: Missing = "error"
) -> Scorer:
    """References ready for the emotion scores.

    "full": all words, PTB tokens. "epan": as EPAN's release prepares them, to compare with such numbers:
    ASCII only, no punctuation, references cut to 15 words.
    """
    if protocol == "full":
        return Scorer(references, [Emotion()], missing=missing)
    short = {
        clip: [" ".join(line.split()[:EPAN_WORDS]) for line in epan_tokens(lines)]
        for clip, lines in References(references).items()
    }
    return Scorer(short, [Emotion()], missing=missing, tokenizer=Tokenizer("epan-15", epan_tokens))


def epan_tokens(lines: Iterable[str]) -> list[str]:
    """Small letters, without punctuation and what is not ASCII; words are what white space separates."""
    gone = str.maketrans("", "", string.punctuation)
    return [
        " ".join(line.encode("ascii", "ignore").decode().translate(gone).lower().split()) for line in lines
    ]
