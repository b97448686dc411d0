"""From files to numbers: what `vidcap score` and `vidcap compare` do."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_metrics.bootstrap import Comparison, Interval, compare, intervals
from vidcap_metrics.emotion import Protocol, emotion_scorer
from vidcap_metrics.errors import UserError
from vidcap_metrics.formats import load_predictions, load_references
from vidcap_metrics.formats_dense import load_paragraphs, paragraph, read_predictions, read_references
from vidcap_metrics.human import Human, leave_one_out
from vidcap_metrics.names import DEFAULT, Load, load_metric
from vidcap_metrics.references import References
from vidcap_metrics.scorer import Missing, Scorer, Scores
from vidcap_metrics.tokenizers import tokenizer

MOST_SAMPLES = 100_000
"""Bootstrap samples: each holds a number for every clip."""


@dataclass(frozen=True)
class Options:
    """What may be chosen on the command line; each metric takes of it what its constructor names."""

    metrics: Sequence[str] = DEFAULT
    missing: Missing = "error"
    corpus: Path | None = None
    training: Path | None = None
    meteor: str = "python"
    garbage: str = "2021"
    samples: int = 1000
    seed: int = 0
    load: Load = load_metric
    tokenizer: str = "ptb"
    paragraphs: bool = False
    """events as one paragraph a clip, for metrics of captions"""
    protocol: Protocol = "full"
    """how `emotion` reads captions"""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """of single metrics: thresholds and the like"""

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= MOST_SAMPLES:
            raise UserError(
                f"--samples {self.samples}: between 1 and {MOST_SAMPLES:,} can be drawn",
                hint="--samples 1000",
            )
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: a whole number of at least 0", hint="--seed 0")


@dataclass(frozen=True)
class Report:
    """Scores of one file of predictions, with what says how sure and how high they are."""

    scores: Scores
    intervals: dict[str, Interval] = field(default_factory=dict)
    human: Human | None = None

    def rows(self) -> list[dict[str, Any]]:
        """One row a number."""
        rows = []
        for score in self.scores.scores:
            for name, value in score.values.items():
                row: dict[str, Any] = {"metric": name, "value": f"{value:.4f}"}
                if self.intervals:
                    interval = self.intervals.get(name)
                    row["interval"] = f"{interval.low:.4f} – {interval.high:.4f}" if interval else ""
                if self.human:
                    row["human"] = f"{self.human.values[name]:.4f}" if name in self.human.values else ""
                rows.append(row | {"signature": str(score.signature)})
        return rows

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        out = self.scores.to_json()
        if self.intervals:
            out["intervals"] = {
                name: [interval.low, interval.high] for name, interval in self.intervals.items()
            }
        if self.human:
            out["human"] = vars(self.human)
        return out


def score(
    predictions: Path, references: Sequence[Path], options: Options, sure: bool = False, human: bool = False
) -> Report:
    """Score one file; `sure` adds bootstrap intervals, `human` the leave-one-out score of the references."""
    scores = _scores(predictions, references, options)
    by_metric: dict[str, Interval] = {}
    if sure:
        for metric_score in scores.scores:
            if metric_score.clips:
                by_metric |= intervals(metric_score, options.samples, seed=options.seed)
    ceiling = None
    if human:
        if _events(options):
            raise UserError(
                "a human score is for captions of whole clips", hint="leave out --human, or dense metrics"
            )
        names = [name for name in options.metrics if name not in ("spice", "diversity")]
        built = _built(options, names)
        ceiling = leave_one_out(_references(references, options), built, tokenizer=options.tokenizer)
    return Report(scores, by_metric, ceiling)


@dataclass(frozen=True)
class Pair:
    """Two files of predictions compared number by number, and what is odd about either."""

    comparisons: list[Comparison]
    warnings: tuple[str, ...]


def pairwise(a: Path, b: Path, references: Sequence[Path], options: Options) -> Pair:
    """Paired bootstrap of two files of predictions against the same references."""
    first, second = _scores_of([a, b], references, options)
    comparisons = [
        row
        for metric_score, other in zip(first.scores, second.scores, strict=True)
        if metric_score.clips
        for row in compare(metric_score, other, options.samples, seed=options.seed)
    ]
    shared = [note for note in first.warnings if note in second.warnings]
    own = [
        f"{name}: {note}"
        for name, scores in (("A", first), ("B", second))
        for note in scores.warnings
        if note not in shared
    ]
    return Pair(comparisons, (*shared, *own))


def _scores(predictions: Path, references: Sequence[Path], options: Options) -> Scores:
    return _scores_of([predictions], references, options)[0]


def _scores_of(files: Sequence[Path], references: Sequence[Path], options: Options) -> list[Scores]:
    """Scores of several files; references are prepared once."""
    if _events(options):
        if options.paragraphs or options.tokenizer != "ptb":
            typed = "--paragraphs" if options.paragraphs else f"--tokenizer {options.tokenizer}"
            raise UserError(
                f"{typed} is for metrics of captions, not for {', '.join(options.metrics)}",
                hint="--metrics bleu,meteor,rouge,cider-d",
            )
        return _event_scores(files, references, options)
    scorer = _scorer(_references(references, options), options)
    read = load_paragraphs if options.paragraphs else load_predictions
    return [scorer.score(read(file)) for file in files]


def _scorer(references: Mapping[str, Sequence[str]], options: Options) -> Scorer:
    """Metrics of captions with their references ready."""
    if options.protocol == "full":
        metrics = _built(options, options.metrics)
        return Scorer(references, metrics, missing=options.missing, tokenizer=options.tokenizer)
    if list(options.metrics) != ["emotion"] or options.tokenizer != "ptb":
        raise UserError(
            "--protocol epan reads captions in a way of its own, for emotion alone",
            hint="--metrics emotion --protocol epan",
        )
    return emotion_scorer(references, options.protocol, options.missing)


def _event_scores(files: Sequence[Path], references: Sequence[Path], options: Options) -> list[Scores]:
    annotations = [annotation for path in references for annotation in read_references(path)]
    systems = [read_predictions(file) for file in files]
    durations = {
        clip: seconds
        for file in (*systems, *annotations)  # where both know, the references count
        for clip, seconds in file.durations.items()
    }
    events = [annotation.events for annotation in annotations]
    scorers = [metric.scorer(events, durations) for metric in _built(options, options.metrics)]
    out = []
    for system in systems:
        results = [scorer.score(system.events) for scorer in scorers]
        notes = dict.fromkeys(note for result in results for note in result.warnings)
        out.append(Scores(tuple(score for result in results for score in result.scores), tuple(notes)))
    return out


def _events(options: Options) -> bool:
    """Whether the metrics read events; captions and events lie in different files, so never both."""
    kinds = {name: bool(getattr(options.load(name), "reads_events", False)) for name in options.metrics}
    if len(set(kinds.values())) > 1:
        dense = ", ".join(name for name, reads in kinds.items() if reads)
        raise UserError(
            f"{dense}: for events with times, the other metrics for one caption a clip",
            hint=f"two commands, one of them with --metrics {dense}",
        )
    return any(kinds.values())


def _built(options: Options, names: Sequence[str]) -> list[Any]:
    """The metrics, each with the options that its constructor names."""
    given: Mapping[str, Any] = {
        "missing": options.missing,
        "garbage": options.garbage,
        "meteor": options.meteor,
        "backend": options.meteor,
        "corpus": _tokenised(options.corpus, options) if options.corpus else None,
        "training": load_references(options.training) if options.training else None,
        **options.chosen,
    }
    _refuse_unused(options, names)
    out = []
    for name in names:
        kind = options.load(name)
        wanted = inspect.signature(kind).parameters
        out.append(
            kind(**{key: value for key, value in given.items() if key in wanted and value is not None})
        )
    return out


def _refuse_unused(options: Options, names: Sequence[str]) -> None:
    """What was typed for a metric that is not asked for would be lost silently."""
    typed = {name: f"--{name}" for name in options.chosen}
    typed |= {"corpus": "--corpus"} if options.corpus else {}
    typed |= {"training": "--train"} if options.training else {}
    wanted = {key for name in names for key in inspect.signature(options.load(name)).parameters}
    lost = [option for key, option in typed.items() if key not in wanted]
    if lost:
        raise UserError(
            f"{lost[0]} is for none of {', '.join(names)}", hint=f"leave {lost[0]} out, or name its metric"
        )


def _tokenised(path: Path, options: Options) -> References:
    return References.tokenised(load_references(path), tokenizer(options.tokenizer).tokenize)


def _references(paths: Sequence[Path], options: Options) -> dict[str, list[str]]:
    """What people said of each clip: captions, or events put together."""
    return _paragraphs(paths) if options.paragraphs else _captions(paths)


def _paragraphs(paths: Sequence[Path]) -> dict[str, list[str]]:
    """One paragraph an annotator who found an event."""
    out: dict[str, list[str]] = {}
    for annotation in (annotation for path in paths for annotation in read_references(path)):
        for clip, events in annotation.events.items():
            if events:
                out.setdefault(clip, []).append(paragraph(events))
    return out


def _captions(paths: Sequence[Path]) -> dict[str, list[str]]:
    """References of several files together."""
    out: dict[str, list[str]] = {}
    for path in paths:
        for clip, lines in load_references(path).items():
            out.setdefault(clip, []).extend(lines)
    return out
