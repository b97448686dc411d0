"""Score a file: caption metrics of a file of predictions, each with its signature."""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vidcap_metrics.cli.choices import EMOTION, add_choices, chosen, metric_names
from vidcap_metrics.cli.console import note, print_json, print_rows
from vidcap_metrics.names import DEFAULT, DENSE, METRICS, Load, load_metric
from vidcap_metrics.own_files import predictions_file, references_files

Show = Callable[[Sequence[Mapping[str, Any]]], None]
"""Prints records as a table."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `score` and `compare` share."""
    parser.add_argument(
        "--metrics",
        help=f"names with commas, of: {', '.join(METRICS)} (default: {','.join(DEFAULT)}; {','.join(DENSE)} of events)",
    )
    parser.add_argument(
        "--missing",
        choices=("error", "skip", "zero"),
        default="error",
        help="clips without a prediction: refuse (the default), leave out, or count as empty",
    )
    parser.add_argument("--corpus", type=Path, help="references whose document frequencies CIDEr takes")
    parser.add_argument("--train", type=Path, help="training captions, for the share of novel captions")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="METRIC.KEY=VALUE",
        help="an argument of one metric; KEY may have dots",
    )
    parser.add_argument("--meteor", choices=("python", "java"), help="which METEOR (default: python)")
    parser.add_argument(
        "--garbage", choices=("2018", "2021"), help="dense: which densevid_eval (default: 2021)"
    )
    parser.add_argument("--samples", type=int, default=1000, help="bootstrap samples")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    add_choices(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.add_argument(
        "predictions",
        type=Path,
        help="COCO results, {id: caption}, .jsonl, .csv, ActivityNet results, or the folder of a run",
    )
    parser.add_argument(
        "references",
        type=Path,
        nargs="*",
        help="COCO or MSR-VTT annotations, {id: [captions]}, ...; without, those beside a run's predictions",
    )
    parser.add_argument("--intervals", action="store_true", help="95 %% bootstrap intervals over clips")
    parser.add_argument("--human", action="store_true", help="the score of one reference against the others")
    parser.add_argument("--clips", type=Path, metavar="FILE", help="write the values of every clip as JSON")
    add_options(parser)


def options(
    args: argparse.Namespace,
    predictions: Path,
    references: Sequence[Path],
    load: Load = load_metric,
    clips: Mapping[str, Any] | None = None,
) -> Any:
    """The shared options as the metrics take them; the files tell which metrics are usual."""
    from vidcap_metrics.metric_arguments import metric_arguments
    from vidcap_metrics.options import Options

    names = metric_names(args.metrics, predictions, references, args.paragraphs)
    return Options(
        names,
        args.missing,
        args.corpus,
        args.train,
        args.meteor,
        args.samples,
        args.seed,
        load=load,
        tokenizer=args.tokenizer,
        paragraphs=args.paragraphs,
        protocol=args.protocol if args.protocol in EMOTION else "full",
        chosen=chosen(args),
        arguments=metric_arguments(args.set, names),
        clips=clips,
    )


def run(
    args: argparse.Namespace,
    load: Load = load_metric,
    clips: Mapping[str, Any] | None = None,
    show: Show = print_rows,
) -> int:
    """Print the table; `clips` are the videos, for metrics that look at them."""
    from vidcap_metrics.evaluate import score
    from vidcap_metrics.scorer import ScoreWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # they are in the report, and printed below
        predictions = predictions_file(args.predictions)
        references = references_files(predictions, args.references)
        choices = options(args, predictions, references, load, clips)
        report = score(predictions, references, choices, args.intervals, args.human)
    if args.clips:
        args.clips.write_text(json.dumps(report.scores.clips, indent=1))
    if args.json:
        print_json(report.to_json())
    else:
        show(report.rows())
    for warning in report.scores.warnings:
        note(f"warning: {warning}")
    return 0
