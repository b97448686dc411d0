"""From files to numbers: what `vidcap score` and `vidcap compare` do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_metrics.bootstrap import Comparison, Interval, compare, corrected, intervals
from vidcap_metrics.emotion import emotion_scorer
from vidcap_metrics.errors import UserError
from vidcap_metrics.formats import load_predictions, load_references
from vidcap_metrics.formats_dense import load_paragraphs, paragraph, read_predictions, read_references
from vidcap_metrics.human import Human, leave_one_out
from vidcap_metrics.options import Options, built, refuse_unused
from vidcap_metrics.scorer import Scorer, Scores


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
        if _kind(options) != "captions":
            raise UserError(
                "a human score is for one caption of a whole clip", hint="leave out --human, or these metrics"
            )
        names = [name for name in options.metrics if name not in ("spice", "diversity")]
        metrics = built(options, names)
        ceiling = leave_one_out(
            _references(references, options), metrics, tokenizer=options.tokenizer, clips=options.clips
        )
    return Report(scores, by_metric, ceiling)


@dataclass(frozen=True)
class Pair:
    """Two files of predictions compared number by number, and what is odd about either."""

    comparisons: list[Comparison]
    warnings: tuple[str, ...]


def pairwise(a: Path, b: Path, references: Sequence[Path], options: Options) -> Pair:
    """Paired tests of two files of predictions against the same references."""
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
    return Pair(corrected(comparisons), (*shared, *own))


def _scores(predictions: Path, references: Sequence[Path], options: Options) -> Scores:
    return _scores_of([predictions], references, options)[0]


def _scores_of(files: Sequence[Path], references: Sequence[Path], options: Options) -> list[Scores]:
    """Scores of several files; references are prepared once."""
    kind = _kind(options)
    refuse_unused(options)
    if kind != "captions":
        typed = [
            *(["--paragraphs"] if options.paragraphs else []),
            *([f"--tokenizer {options.tokenizer}"] if options.tokenizer != "ptb" else []),
            *([f"--protocol {options.protocol}"] if options.protocol != "full" else []),
        ]
        if typed:
            raise UserError(
                f"{typed[0]} is for metrics of captions, not for {', '.join(options.metrics)}",
                hint="--metrics bleu,meteor,rouge,cider-d",
            )
        scores = _event_scores if kind == "events" else _sample_scores
        return scores(files, references, options)
    scorer = _scorer(_references(references, options), options)
    read = load_paragraphs if options.paragraphs else load_predictions
    return [scorer.score(read(file)) for file in files]


def _scorer(references: Mapping[str, Sequence[str]], options: Options) -> Scorer:
    """Metrics of captions with their references ready."""
    if options.protocol == "full":
        metrics = built(options, options.metrics)
        return Scorer(
            references,
            metrics,
            missing=options.missing,
            tokenizer=options.tokenizer,
            clips=options.clips,
        )
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
    scorers = [metric.scorer(events, durations) for metric in built(options, options.metrics)]
    out = []
    for system in systems:
        results = [scorer.score(system.events) for scorer in scorers]
        notes = dict.fromkeys(note for result in results for note in result.warnings)
        out.append(Scores(tuple(score for result in results for score in result.scores), tuple(notes)))
    return out


def _sample_scores(files: Sequence[Path], references: Sequence[Path], options: Options) -> list[Scores]:
    captions = _captions(references)
    scorers = [metric.scorer(captions) for metric in built(options, options.metrics)]
    out = []
    for file in files:
        results = [scorer.score(load_references(file)) for scorer in scorers]
        notes = dict.fromkeys(note for result in results for note in result.warnings)
        out.append(Scores(tuple(score for result in results for score in result.scores), tuple(notes)))
    return out


def _kind(options: Options) -> str:
    """What the metrics read: captions, events, or several samples a clip; these lie in different files."""
    kinds: dict[str, list[str]] = {}
    for name in options.metrics:
        metric = options.load(name)
        reads = [kind for kind in ("events", "samples") if getattr(metric, f"reads_{kind}", False)]
        kinds.setdefault(reads[0] if reads else "captions", []).append(name)
    if len(kinds) > 1:
        what = {
            "events": "for events with times",
            "samples": "for several captions a clip",
            "captions": "for one caption a clip",
        }
        raise UserError(
            "; ".join(f"{', '.join(names)}: {what[kind]}" for kind, names in kinds.items()),
            hint="two commands, one of them with --metrics " + ",".join(list(kinds.values())[-1]),
        )
    return next(iter(kinds), "captions")


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
