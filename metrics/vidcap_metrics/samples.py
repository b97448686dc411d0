"""How much several captions of one clip differ from each other: Div-n, mBLEU-4, Self-CIDEr."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from vidcap_metrics import ptb
from vidcap_metrics.bleu import Bleu
from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Score, Values
from vidcap_metrics.references import Predictions, References
from vidcap_metrics.scorer import Missing, Scores, ScoreWarning
from vidcap_metrics.self_cider import document_frequencies, grams, kernel, self_cider
from vidcap_metrics.signature import Signature, hash_ids


class Samples:
    """Div-1, Div-2, mBLEU-4 (lower is more varied) and Self-CIDEr of several captions a clip.

    Div-n = distinct n-grams of a clip's captions / their words. mBLEU-4: BLEU-4 of each caption with the clip's other
    captions as references, mean over captions. Self-CIDEr takes its document frequencies from the references.

    missing: what becomes of clips without captions: "error", or "skip": they do not count.
    """

    name = "samples"
    version = "1"
    describes = ("Div-1", "Div-2", "mBLEU-4", "Self-CIDEr")
    reads_samples = True

    def __init__(self, missing: Missing = "error") -> None:
        self.missing = missing

    def scorer(self, references: Mapping[str, Sequence[str]]) -> SampleScorer:
        """References tokenised, to score files of samples against."""
        return SampleScorer(self, References.tokenised(references, ptb.tokenize))


class SampleScorer:
    """The metric with its references ready."""

    def __init__(self, metric: Samples, references: References) -> None:
        self.metric = metric
        self.references = references

    def score(self, samples: Mapping[str, Sequence[str]]) -> Scores:
        """All numbers; each clip has the same number of captions, at least two."""
        notes: list[str] = []
        clips, count = self._checked(samples, notes)
        lines = iter(ptb.tokenize([line for clip in clips for line in samples[clip]]))
        texts = {clip: [next(lines) for _ in range(count)] for clip in clips}
        by_clip = {**_div(texts), "mBLEU-4": {}, "Self-CIDEr": self._self_cider(texts)}
        rounds = [_others(texts, index) for index in range(count)]
        by_clip["mBLEU-4"] = {
            clip: float(np.mean([each.clips["BLEU-4"][clip] for each in rounds])) for clip in clips
        }
        values = {name: float(np.mean(list(each.values()))) for name, each in by_clip.items()}
        values["mBLEU-4"] = float(np.mean([each.corpus["BLEU-4"] for each in rounds]))
        absent = [clip for clip in self.references if clip not in samples]
        signature = Signature(
            f"samples-{count}",
            self.metric.version,
            ptb.NAME,
            self.references.only(clips).counts(),
            self.metric.missing,
            len(clips),
            len(self.references),
            hash_ids(absent),
            self.references.digest,
        )
        for note in notes:
            warnings.warn(note, ScoreWarning, stacklevel=2)
        return Scores((Score(values, by_clip, signature),), tuple(notes))

    def _checked(self, samples: Mapping[str, Sequence[str]], notes: list[str]) -> tuple[list[str], int]:
        """The clips that count, in the references' order, and how many captions each has."""
        clips = [clip for clip in self.references if clip in samples]
        if not clips:
            raise DataError(
                "no clip has both samples and references", hint="write the ids the same way in both files"
            )
        absent = [clip for clip in self.references if clip not in samples]
        extra = [clip for clip in samples if clip not in self.references]
        for what, there in (("clips have no samples", absent), ("sampled clips have no references", extra)):
            if there and self.metric.missing == "error":
                raise DataError(f"{len(there)} {what}, first '{there[0]}'", hint="--missing skip")
            if there:
                notes.append(f"{len(there)} {what}, left out (first '{there[0]}')")
        if self.metric.missing == "zero":
            raise DataError(
                "captions that are not there differ neither much nor little", hint="--missing skip, or error"
            )
        counts = {len(samples[clip]): clip for clip in clips}
        if len(counts) > 1 or min(counts) < 2:
            shown = ", ".join(f"'{clip}' has {count}" for count, clip in sorted(counts.items())[:3])
            raise DataError(
                f"each clip needs the same number of captions, at least two: {shown}",
                hint='{"clip": ["a man runs", "someone is running"], ...}',
            )
        return clips, min(counts)

    def _self_cider(self, texts: Mapping[str, Sequence[str]]) -> dict[str, float]:
        wanted = {gram for lines in texts.values() for line in lines for gram in grams(line)}
        frequencies = document_frequencies(self.references.values(), wanted)
        return {
            clip: self_cider(kernel(lines, frequencies, len(self.references)))
            for clip, lines in texts.items()
        }


def _div(texts: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Div-1 and Div-2 of each clip."""
    out: dict[str, dict[str, float]] = {"Div-1": {}, "Div-2": {}}
    for clip, lines in texts.items():
        words = max(1, sum(len(line.split()) for line in lines))
        distinct = {gram for line in lines for gram in grams(line)}
        for n in (1, 2):
            out[f"Div-{n}"][clip] = sum(len(gram) == n for gram in distinct) / words
    return out


def _others(texts: Mapping[str, Sequence[str]], index: int) -> Values:
    """BLEU of one caption of each clip against the clip's others."""
    others = References({clip: [*lines[:index], *lines[index + 1 :]] for clip, lines in texts.items()})
    metric = Bleu()
    return metric.score(
        metric.prepare(others), Predictions({clip: lines[index] for clip, lines in texts.items()})
    )
