"""One object that holds references ready and scores predictions against them, again and again."""

from __future__ import annotations

import difflib
import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Metric, Score
from vidcap_metrics.names import DEFAULT, load_metric
from vidcap_metrics.references import Predictions, References
from vidcap_metrics.signature import Signature, hash_ids
from vidcap_metrics.tokenizers import Tokenizer, unsplit
from vidcap_metrics.tokenizers import tokenizer as named_tokenizer

Missing = Literal["error", "skip", "zero"]
Unreferenced = Literal["error", "skip"]


NOTHING = "what counts matches is 0 and rests on nothing"
"""Said of numbers that were computed from no word or no event at all."""
ZERO = "every score is 0: are these the references of these predictions?"
HARDLY = 1e-6
"""BLEU without a single match is not quite 0."""


AS_WRITTEN = "none"
"""The tokenizer of a metric that reads texts as they are, in its signature."""


class ScoreWarning(UserWarning):
    """A number was computed, but something about the files deserves a look."""


@dataclass(frozen=True)
class Scores:
    """The scores of one set of predictions, metric by metric."""

    scores: tuple[Score, ...]
    warnings: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, float]:
        """Corpus values of all metrics, in the order they were asked for."""
        return {name: value for score in self.scores for name, value in score.values.items()}

    @property
    def clips(self) -> dict[str, dict[str, float]]:
        """Per-clip values of all metrics: `{name: {clip: value}}`."""
        return {name: value for score in self.scores for name, value in score.clips.items()}

    @property
    def signatures(self) -> dict[str, str]:
        """What each value means, by its name."""
        return {name: str(score.signature) for score in self.scores for name in score.values}

    def to_json(self) -> dict[str, Any]:
        """Plain data: values, what each means, warnings."""
        return {"values": self.values, "signatures": self.signatures, "warnings": list(self.warnings)}

    def __str__(self) -> str:
        lines = [
            f"{name:<12} {value:8.4f}   {score.signature}"
            for score in self.scores
            for name, value in score.values.items()
        ]
        return "\n".join(lines)


class Scorer:
    """Score predictions against references that are tokenised and prepared once.

    `missing`: what becomes of clips without a prediction. `unreferenced`: of clips whose list of references is
    empty; where "skip" leaves none, every value is 0. `tokenizer`: ptb, none, 13a or char, or one of your own.
    `clips`: the videos, for metrics that read them.

    >>> Scorer({"a": ["a man runs"], "b": ["a dog sits"]}, metrics=["bleu"]).score(
    ...     {"a": "a man runs", "b": "a dog"}).values["BLEU-1"]  # doctest: +SKIP
    """

    def __init__(
        self,
        references: Mapping[str, Sequence[str]],
        metrics: Sequence[str | Metric] = DEFAULT,
        *,
        missing: Missing = "error",
        unreferenced: Unreferenced = "error",
        tokenizer: str | Tokenizer = "ptb",
        clips: Mapping[str, Any] | None = None,
    ) -> None:
        self._tokenizer = named_tokenizer(tokenizer) if isinstance(tokenizer, str) else tokenizer
        skipped = [clip for clip, lines in references.items() if not lines and unreferenced == "skip"]
        self._skipped = dict.fromkeys(skipped)
        if skipped:
            references = {clip: lines for clip, lines in references.items() if lines}
        self.references = (
            References.tokenised(references, self._tokenizer.tokenize)
            if references or not skipped
            else References({})
        )
        self.metrics: list[Metric] = [load_metric(m)() if isinstance(m, str) else m for m in metrics]
        self.missing = missing
        self._unsplit = unsplit([line for lines in self.references.values() for line in lines])
        self._as_written = References(references)
        self._clips = clips
        self._prepared = [self._prepare(metric, self.references) for metric in self.metrics]

    def score(self, predictions: Mapping[str, str]) -> Scores:
        """Every metric over every clip; ids that do not match are an error, unless `missing` allows it."""
        notes: list[str] = []
        chosen = self._match(predictions, notes)
        if self._unsplit:
            notes.append(self._unsplit)
        lines = self._tokenizer.tokenize(list(chosen.values()))
        tokens = Predictions(dict(zip(chosen, lines, strict=True)))
        empty = [clip for clip in tokens if not tokens[clip] and clip in predictions]
        if empty:
            notes.append(f"{len(empty)} of {len(tokens)} predictions have no words ({_some(empty)})")
        references, prepared = self._for(tokens)
        absent = [clip for clip in self.references if clip not in predictions]
        scores = []
        for metric, ready in zip(self.metrics, prepared, strict=True):
            values = metric.score(ready, Predictions(chosen) if as_written(metric) else tokens)
            signature = Signature(
                metric.name,
                metric.version,
                AS_WRITTEN if as_written(metric) else self._tokenizer.name,
                references.counts(),
                self.missing,
                len(tokens),
                len(self.references),
                hash_ids(absent),
                self.references.digest,
                getattr(metric, "settings", {}),
            )
            scores.append(Score(values.corpus, values.clips, signature, values.additive))
        if not any(tokens.values()):
            notes.append(f"{'no prediction has a word' if tokens else 'no clip was scored'}: {NOTHING}")
        elif nothing_matches(scores, self.metrics):
            notes.append(ZERO)
        for note in notes:
            python_warnings.warn(note, ScoreWarning, stacklevel=2)
        return Scores(tuple(scores), tuple(notes))

    def _match(self, predictions: Mapping[str, str], notes: list[str]) -> dict[str, str]:
        """Predictions in the references' order, as the policy for missing ones says."""
        if not predictions:
            raise DataError("there are no predictions", hint="check that the file is the one you meant")
        for clip, text in predictions.items():
            if not isinstance(text, str):
                raise DataError(
                    f"the prediction of clip '{clip}' is {type(text).__name__} {text!r:.40}, not text",
                    hint='a prediction is one string: {"clip": "a man runs"}',
                )
        if self._skipped:
            notes.append(
                f"{len(self._skipped)} of {len(self._skipped) + len(self.references)} clips have no references, "
                f"left out ({_some(self._skipped)})"
            )
        predictions = {clip: text for clip, text in predictions.items() if clip not in self._skipped}
        both = [clip for clip in self.references if clip in predictions]
        if not both and self.references:
            raise DataError(
                f"no clip has both: predictions are for {_some(predictions)}, references for "
                f"{_some(self.references)}",
                hint="write the ids the same way in both files",
            )
        absent = [clip for clip in self.references if clip not in predictions]
        extra = [clip for clip in predictions if clip not in self.references]
        if self.missing == "error" and (absent or extra):
            raise DataError(
                _mismatch(absent, extra), hint="--missing skip (score the others) or --missing zero"
            )
        if absent:
            done = "left out" if self.missing == "skip" else "scored as empty captions"
            notes.append(
                f"{len(absent)} of {len(self.references)} clips have no prediction, {done} ({_some(absent)})"
            )
        if extra:
            notes.append(f"{len(extra)} predictions have no references, left out ({_some(extra)})")
        clips = both if self.missing == "skip" else list(self.references)
        return {clip: predictions.get(clip, "") for clip in clips}

    def _for(self, tokens: Mapping[str, str]) -> tuple[References, list[Any]]:
        """References and prepared data of the scored clips: all of them, unless some are skipped."""
        if len(tokens) == len(self.references):
            return self.references, self._prepared
        part = self.references.only(tokens)
        return part, [self._prepare(metric, part) for metric in self.metrics]

    def _prepare(self, metric: Metric, references: References) -> Any:
        """References as the metric wants them; the videos too, where it reads them."""
        texts = self._as_written.only(references) if as_written(metric) else references
        if not getattr(metric, "reads_clips", False):
            return metric.prepare(texts)
        lacking = [clip for clip in references if clip not in (self._clips or {})]
        if lacking:
            raise DataError(
                f"{metric.name} looks at the videos, and {len(lacking)} of {len(references)} clips have none "
                f"({_some(lacking)})",
                hint="--videos FOLDER, whose files are named by clip, or a JSON file {clip: path}",
            )
        videos = {clip: self._clips[clip] for clip in references} if self._clips else {}
        return metric.prepare(texts, videos)  # type: ignore[call-arg]


def as_written(metric: Metric) -> bool:
    """Whether a metric reads texts as they are, and not tokenised."""
    return bool(getattr(metric, "reads_as_written", False))


def nothing_matches(scores: Sequence[Score], metrics: Sequence[object]) -> bool:
    """Whether nothing of the predictions was found in the references; values that only describe them do not count."""
    values = [
        value
        for score, metric in zip(scores, metrics, strict=True)
        for name, value in score.values.items()
        if name not in getattr(metric, "describes", ())
    ]
    return bool(values) and max(values) < HARDLY


def _mismatch(absent: Sequence[str], extra: Sequence[str]) -> str:
    parts = []
    if absent:
        parts.append(f"{len(absent)} clips have references but no prediction ({_some(absent)})")
    if extra:
        parts.append(f"{len(extra)} predictions have no references ({_some(extra)})")
    if absent and extra:
        close = difflib.get_close_matches(str(extra[0]), [str(clip) for clip in absent[:1000]], n=1)
        if close:
            parts.append(f"is '{extra[0]}' the clip '{close[0]}'?")
    return "; ".join(parts)


def _some(clips: Mapping[str, Any] | Sequence[str]) -> str:
    names = [f"'{clip}'" for clip in list(clips)[:3]]
    return ", ".join(names) + (", ..." if len(clips) > 3 else "")
