"""Captions of dense captioning, as densevid_eval scores them (Krishna et al., 2017).

For each θ, every prediction is paired with every reference of its clip that has tIoU ≥ θ; one without any is
paired with garbage. A clip's score is the metric's *corpus* value over its pairs, CIDEr-D with document
frequencies of that clip alone; the mean over clips, then over θ, is the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

import numpy as np

from vidcap_metrics import ptb
from vidcap_metrics.arrays import Floats, Ints, bincount
from vidcap_metrics.bleu import SMALL, TINY
from vidcap_metrics.cider import SIGMA
from vidcap_metrics.event_metric import EventMetric, EventReferences, Part
from vidcap_metrics.intervals import Events, Pairs, Spans
from vidcap_metrics.localisation import TIOUS, at
from vidcap_metrics.located import Localisation
from vidcap_metrics.metric import Values
from vidcap_metrics.ngrams import ORDERS
from vidcap_metrics.pair_meteor import Backend, PairMeteor, engine_setting, load
from vidcap_metrics.references import References, find
from vidcap_metrics.rouge import Rouge
from vidcap_metrics.scorer import Missing

Garbage = Literal["2018", "2021"]
GARBAGE: dict[Garbage, str] = {"2018": "abc123!@#", "2021": "qzjxkvwqzjxkvw"}
"""What a lonely prediction is compared with. 2021 draws random letters; any one word scores the same."""


def plain(text: str) -> str:
    """Characters beyond ASCII become spaces, as in every published evaluation of this kind."""
    return text if text.isascii() else "".join(c if c.isascii() else " " for c in text)


def tokenised(lists: Sequence[Sequence[str]]) -> list[list[str]]:
    """PTB tokens of many lists of texts in one call."""
    tokens = iter(ptb.tokenize([plain(text) for texts in lists for text in texts]))
    return [[next(tokens) for _ in texts] for texts in lists]


@dataclass(frozen=True)
class Prepared:
    """References with their texts tokenised, by annotator and clip."""

    references: EventReferences
    tokens: list[dict[str, list[str]]]


class Dense(EventMetric):
    """METEOR, CIDEr-D, BLEU and ROUGE-L of dense captions, and how well they are placed in time.

    garbage: "2018" or "2021", the two published variants, which differ in METEOR alone.
    missing: "zero" is the official script's policy, "skip" that of later papers, "error" asks for one of them.
    tious: thresholds of tIoU; scores are means over them.
    meteor: "python", "java" (the published jar), an engine, or None for a run without METEOR.
    segments: into how many equal segments a blind baseline cuts a clip; None: the references' commonest number
        and their mean.
    detail: the values at each tIoU too, and navigation scores by seconds.
    """

    name = "dense"
    version = "2"

    def __init__(
        self,
        garbage: Garbage = "2021",
        missing: Missing = "error",
        tious: Sequence[float] = TIOUS,
        meteor: Backend | PairMeteor | None = "python",
        segments: int | None = None,
        detail: bool = False,
    ) -> None:
        self.garbage: Garbage = garbage
        self.missing: Missing = missing
        self.tious = tuple(tious)
        self.meteor = load(meteor) if isinstance(meteor, str) else meteor
        self.detail = detail
        self.localisation = Localisation(missing, tious, segments, detail)

    @property
    def settings(self) -> dict[str, str]:
        """Another METEOR than the usual one."""
        return engine_setting(self.meteor)

    def prepare(self, references: EventReferences) -> Prepared:
        """All references' tokens."""
        tokens = []
        for file in references.files:
            lists = tokenised([[event.text for event in events] for events in file.values()])
            tokens.append(dict(zip(file, lists, strict=True)))
        return Prepared(references, tokens)

    def parts(self, prepared: Prepared, clips: Sequence[str], predictions: Events) -> list[Part]:
        """Captions first, then times."""
        by_level = self._captions(prepared, clips, predictions)
        corpus, per_clip = {}, {}
        for name in by_level[0]:
            scores = np.stack([level[name] for level in by_level])
            corpus[name] = float(scores.mean(1).mean())
            per_clip[name] = dict(zip(clips, scores.mean(0).tolist(), strict=True))
            if self.detail:
                corpus |= {
                    f"{name}@{t:g}": float(row.mean()) for t, row in zip(self.tious, scores, strict=True)
                }
        part = Part(f"dense-{self.garbage}{at(self.tious)}", ptb.NAME, Values(corpus, per_clip), len(clips))
        return [part, *self.localisation.parts(prepared.references, clips, predictions)]

    def _captions(
        self, prepared: Prepared, clips: Sequence[str], predictions: Events
    ) -> list[dict[str, Floats]]:
        """One score per clip, by name, for each θ."""
        given = tokenised([[event.text for event in predictions.get(clip, ())] for clip in clips])
        spans = Spans.of(clips, predictions)
        pairs, texts = _pairs(prepared, clips, spans, min(self.tious), GARBAGE[self.garbage])
        hypotheses = [line for lines in given for line in lines]
        chosen = [hypotheses[p] for p in pairs.prediction]
        corpora = ClipCorpora(pairs.clip, len(clips), chosen, [texts[r] for r in pairs.reference])
        stats = self._stats(chosen, [texts[r] for r in pairs.reference])
        out = []
        for level in self.tious:
            matched = pairs.tiou >= level
            lonely = np.ones(len(hypotheses), bool)
            lonely[pairs.prediction[matched]] = False
            active = matched | ((pairs.reference == 0) & lonely[pairs.prediction])
            scores = corpora.scores(active)
            if self.meteor is not None:
                scores = {"dense-METEOR": self._meteor(stats, pairs.clip, active, len(clips))} | scores
            out.append(scores)
        return out

    def _stats(self, hypotheses: list[str], references: list[str]) -> list[Any]:
        """METEOR's counts, once for every distinct pair."""
        if self.meteor is None:
            return []
        distinct = dict.fromkeys(zip(hypotheses, references, strict=True))
        self.meteor.prepare_all(chain.from_iterable(distinct))
        known = {pair: self.meteor.stats(pair[0], [pair[1]]) for pair in distinct}
        return [known[pair] for pair in zip(hypotheses, references, strict=True)]

    def _meteor(self, stats: list[Any], clip: Ints, active: np.ndarray, size: int) -> Floats:
        """METEOR over each clip's pairs together."""
        assert self.meteor is not None
        groups: list[list[Any]] = [[] for _ in range(size)]
        for pair in np.flatnonzero(active):
            groups[clip[pair]].append(stats[pair])
        return np.array([self.meteor.aggregate(group) if group else 0.0 for group in groups])


def _pairs(
    prepared: Prepared, clips: Sequence[str], predictions: Spans, lowest: float, garbage: str
) -> tuple[Pairs, list[str]]:
    """Pairs that may count at some θ, and the texts they refer to; all are paired with text 0, garbage."""
    texts = [garbage]
    every = np.arange(len(predictions.start))
    nowhere = np.full(len(every), -1.0)
    parts = [Pairs(predictions.clip, every, np.zeros(len(every), np.int64), nowhere, nowhere)]
    for file, tokens in zip(prepared.references.files, prepared.tokens, strict=True):
        pairs = Pairs.of(predictions, Spans.of(clips, file))
        matched = pairs.where(pairs.tiou >= lowest)
        parts.append(replace(matched, reference=matched.reference + len(texts)))
        texts += [line for clip in clips for line in tokens.get(clip, ())]
    joined = Pairs(
        np.concatenate([part.clip for part in parts]),
        np.concatenate([part.prediction for part in parts]),
        np.concatenate([part.reference for part in parts]),
        np.concatenate([part.tiou for part in parts]),
        np.concatenate([part.gap for part in parts]),
    )
    return joined, texts


class ClipCorpora:
    """BLEU, ROUGE-L and CIDEr-D of many small corpora, one a clip, over pairs of caption and reference.

    n-grams are looked up once; which pairs count may then change. Words carry their clip's number, so that
    document frequencies are counted clip by clip.
    """

    def __init__(self, clip: Ints, size: int, hypotheses: Sequence[str], references: Sequence[str]) -> None:
        self.clip, self.size = clip, size
        marked = [_mark(number, line) for number, line in zip(clip.tolist(), references, strict=True)]
        marked_hypotheses = [
            _mark(number, line) for number, line in zip(clip.tolist(), hypotheses, strict=True)
        ]
        pairs = References({str(pair): [line] for pair, line in enumerate(marked)})
        both = dict(zip(pairs, marked_hypotheses, strict=True))
        if _plain(hypotheses) and _plain(references):
            self.rouge = _rouge(pairs, both)
        else:  # ROUGE-L splits at spaces alone, which marks would hide
            own = References({str(pair): [line] for pair, line in enumerate(references)})
            self.rouge = _rouge(own, dict(zip(own, hypotheses, strict=True)))
        self.index = pairs.ngrams
        self.found = find(self.index, both)
        self.lengths = self.found.lines.lengths
        self.others = self.index.lines.lengths

    def scores(self, active: np.ndarray) -> dict[str, Floats]:
        """One score per clip, by name, over the active pairs; 0 for a clip that has none."""
        pairs = bincount(self.clip, active.astype(np.float64), self.size)
        filled = np.maximum(1, pairs)
        return {
            "dense-CIDEr-D": bincount(self.clip, np.where(active, self._cider(active, pairs), 0), self.size)
            / filled,
            **self._bleu(active, pairs),
            "dense-ROUGE-L": bincount(self.clip, np.where(active, self.rouge, 0), self.size) / filled,
        }

    def _bleu(self, active: np.ndarray, pairs: Floats) -> dict[str, Floats]:
        def total(values: Any) -> Floats:
            return bincount(self.clip, np.where(active, values, 0).astype(np.float64), self.size)

        length, closest = total(self.lengths), total(self.others)
        ratio = (length + TINY) / (closest + SMALL)
        with np.errstate(over="ignore"):
            penalty = np.where(ratio < 1, np.exp(1 - 1 / ratio), 1.0)
        precision = np.ones(self.size)
        out = {}
        for n, (rows, order) in enumerate(zip(self.found.orders, self.index.orders, strict=True), start=1):
            hit = rows.pair >= 0
            clipped = np.minimum(rows.count[hit], order.most[rows.pair[hit]])
            correct = bincount(rows.row[hit], clipped, len(self.clip))
            precision = (
                precision * (total(correct) + TINY) / (total(np.maximum(0, self.lengths - n + 1)) + SMALL)
            )
            out[f"dense-BLEU-{n}"] = np.where(pairs > 0, precision ** (1 / n) * penalty, 0.0)
        return out

    def _cider(self, active: np.ndarray, pairs: Floats) -> Floats:
        """CIDEr-D of every pair; document frequencies over the active pairs of its clip."""
        documents = np.log(np.maximum(1, pairs))[self.clip]
        total = np.zeros(len(self.clip))
        for rows, order in zip(self.found.orders, self.index.orders, strict=True):
            frequency = bincount(order.gram, active[order.reference].astype(np.float64), len(order.grams))
            log = np.log(np.maximum(1, frequency))
            theirs = order.count * (documents[order.reference] - log[order.gram])
            known = np.append(log, 0.0)[rows.gram]
            ours = rows.count * (documents[rows.row] - known)
            hit = rows.pair >= 0
            other = theirs[rows.pair[hit]]
            product = bincount(rows.row[hit], np.minimum(ours[hit], other) * other, len(self.clip))
            norm = np.sqrt(
                bincount(rows.row, ours**2, len(self.clip))
                * bincount(order.reference, theirs**2, len(self.clip))
            )
            total += np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)
        gap = np.maximum(0, self.lengths - 1) - np.maximum(0, self.others - 1)
        return np.asarray(total * np.exp(-(gap.astype(np.float64) ** 2) / (2 * SIGMA**2)) * 10 / ORDERS)


def _mark(number: int, line: str) -> str:
    return " ".join(f"{number}:{word}" for word in line.split())


def _plain(lines: Sequence[str]) -> bool:
    """Whether words are the same split at spaces and at any white space; the tokenizer joins `7 1/2` otherwise."""
    return not any(line.split() != line.split(" ") for line in dict.fromkeys(lines) if line)


def _rouge(references: References, captions: dict[str, str]) -> Floats:
    rouge = Rouge()
    return np.fromiter(rouge.score(rouge.prepare(references), captions).clips["ROUGE-L"].values(), np.float64)
