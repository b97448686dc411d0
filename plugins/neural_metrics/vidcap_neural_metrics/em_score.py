"""EMScore (Shi et al., 2022): a caption against its clip, as a whole and word by frame.

coarse = cos(caption, mean of the frames)
fine   = P, R, F of greedy matching of the caption's tokens, weighted by idf, with the frames
EMScore(X, V) = (coarse + fine F) / 2,   EMScore(X, X*): the same with a reference for the clip
EMScore(X, V, X*) = mean of the two
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from vidcap_core.api import Clip, Missing, UserError, Values
from vidcap_neural_metrics.aligned_pair import AlignedPair, Spec, Words
from vidcap_neural_metrics.clip_score import mean
from vidcap_neural_metrics.matching import PRF, best, frequencies, greedy, idf
from vidcap_neural_metrics.networks import missing_encoders, signed, unit

Idf = Literal["references", "predictions", "none"]


@dataclass(frozen=True)
class Prepared:
    """Frames and references of each clip, and how many references have each token."""

    frames: dict[str, Tensor]
    references: dict[str, list[str]]
    texts: dict[str, Tensor]
    words: dict[str, Words]
    counts: Counter[int]
    total: int


class EmScore:
    """EMScore with a clip (X,V), with references (X,X*) and with both (X,V,X*); best reference for each number.

    words: the text encoder. pictures: the picture encoder of the same model; or features: a store of its rows.
    idf: where tokens get their weights: "references", "predictions" (as published where there are no references),
    or "none": all alike.
    fine: False for the coarse numbers alone, of text encoders without a row for each word.
    """

    name = "emscore"
    version = "1"
    reads_as_written = True

    def __init__(
        self,
        words: Spec,
        pictures: Spec | None = None,
        features: str | None = None,
        idf: Idf = "references",
        fine: bool = True,
    ) -> None:
        if idf not in ("references", "predictions", "none"):
            raise UserError(f"idf={idf!r} is nothing that weights come from", hint='idf="references"')
        self.pair = AlignedPair(words, pictures, features)
        self.idf, self.fine = idf, fine
        self.reads_clips = features is None
        self.settings = signed(self.pair.recipes, idf=idf, fine=fine)

    @classmethod
    def missing(cls, words: Spec, pictures: Spec | None = None, **_: Any) -> Iterator[Missing]:
        """What its encoders lack."""
        yield from missing_encoders(words, pictures)

    def prepare(
        self, references: Mapping[str, Sequence[str]], clips: Mapping[str, Clip] | None = None
    ) -> Prepared:
        """Frames and references, encoded once."""
        lines = [line for each in references.values() for line in each]
        words = self.pair.word_rows(lines) if self.fine else {}
        counts, total = frequencies(words[line][0] for line in lines) if self.fine else (Counter[int](), 0)
        return Prepared(
            self.pair.frame_rows(list(references), clips or {}),
            {clip: list(each) for clip, each in references.items()},
            self.pair.text_rows(lines),
            words,
            counts,
            total,
        )

    def score(self, prepared: Prepared, predictions: Mapping[str, str]) -> Values:
        """All numbers, mean over clips; a caption without words scores 0."""
        said = [text for text in predictions.values() if text.strip()]
        texts = self.pair.text_rows(said)
        words = self.pair.word_rows(said) if self.fine else {}
        weights = self._weights(prepared, [words[text] for text in said] if self.fine else [])
        names = _names(self.fine)
        clips: dict[str, dict[str, float]] = {name: {} for name in names}
        for clip, text in predictions.items():
            numbers = [0.0] * len(names)
            if text.strip():
                seen = self._against_clip(prepared.frames[clip], texts[text], words.get(text), weights)
                lines = prepared.references[clip]
                read = self._against_references(prepared, lines, texts[text], words.get(text), weights)
                numbers = [*_full(seen), *_full(read), (_full(seen)[0] + _full(read)[0]) / 2]
            for name, number in zip(names, numbers, strict=True):
                clips[name][clip] = number
        return Values({name: mean(each) for name, each in clips.items()}, clips)

    def _weights(self, prepared: Prepared, said: Sequence[Words]) -> dict[int, float]:
        """Of every token that occurs. The end mark gets the mean of all, padding among them, as published."""
        ids = [each[0] for each in [*prepared.words.values(), *said]]
        known = {token for row in ids for token in row}
        if self.idf == "none" or not ids:
            return dict.fromkeys(known, 1.0)
        if self.idf == "predictions":
            counts, total = frequencies(each[0] for each in said)
        else:
            counts, total = prepared.counts, prepared.total
        weights = dict(zip(known, idf(known, counts, total), strict=True))
        if counts:
            seen = [weights[token] for token in counts]
            weights[ids[0][-1]] = sum(seen) / (len(seen) + 1)  # padding is in every text: its weight is 0
        return weights

    def _against_clip(
        self, frames: Tensor, row: Tensor, words: Words | None, weights: Mapping[int, float]
    ) -> list[float]:
        coarse = float(unit(frames.mean(0)) @ row)
        if words is None:
            return [coarse]
        return [coarse, *greedy(words[1], _of(words, weights), frames, torch.ones(len(frames)))]

    def _against_references(
        self,
        prepared: Prepared,
        lines: Sequence[str],
        row: Tensor,
        words: Words | None,
        weights: Mapping[int, float],
    ) -> list[float]:
        coarse = max(float(prepared.texts[line] @ row) for line in lines)
        if words is None:
            return [coarse]
        results: list[PRF] = []
        for line in lines:
            other = prepared.words[line]
            results.append(greedy(words[1], _of(words, weights), other[1], _of(other, weights)))
        return [coarse, *best(results)]


def _of(words: Words, weights: Mapping[int, float]) -> Tensor:
    return torch.tensor([weights[token] for token in words[0]])


def _full(numbers: Sequence[float]) -> list[float]:
    """The whole score first: the mean of coarse and fine F, or coarse alone."""
    return [(numbers[0] + numbers[-1]) / 2, *numbers]


def _names(fine: bool) -> list[str]:
    parts = ["coarse", "fine-P", "fine-R", "fine-F"] if fine else ["coarse"]
    kinds = ("EMScore(X,V)", "EMScore(X,X*)")
    return [name for kind in kinds for name in (kind, *(f"{kind}:{part}" for part in parts))] + [
        "EMScore(X,V,X*)"
    ]
