"""`vidcap score`: caption metrics of a file of predictions, each with its signature."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from vidcap_core.cli.arguments import Subparsers


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `score` and `compare` share."""
    from vidcap_core.cli.console import add_json

    parser.add_argument(
        "--metrics", default="bleu,meteor,rouge,cider-d", help="names with commas; vidcap list metrics"
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
        "--videos",
        type=Path,
        metavar="PATH",
        help="for metrics that look at videos: a folder whose files are named by clip, or JSON {clip: path}",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="METRIC.KEY=VALUE",
        help="an argument of one metric; KEY may have dots",
    )
    parser.add_argument("--meteor", choices=("python", "java"), default="python", help="which METEOR")
    parser.add_argument("--garbage", choices=("2018", "2021"), default="2021", help="which densevid_eval")
    parser.add_argument("--samples", type=int, default=1000, help="bootstrap samples")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    add_json(parser)


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap score`."""
    parser = subparsers.add_parser("score", help="metrics of a file of predictions", description=__doc__)
    parser.add_argument(
        "predictions", type=Path, help="COCO results, {id: caption}, .jsonl, .csv or ActivityNet results"
    )
    parser.add_argument(
        "references", type=Path, nargs="+", help="COCO or MSR-VTT annotations, {id: [captions]}, ..."
    )
    parser.add_argument("--intervals", action="store_true", help="95 %% bootstrap intervals over clips")
    parser.add_argument("--human", action="store_true", help="the score of one reference against the others")
    parser.add_argument("--clips", type=Path, metavar="FILE", help="write the values of every clip as JSON")
    add_options(parser)
    parser.set_defaults(func=run)


def options(args: argparse.Namespace) -> Any:
    """The shared options as the metrics take them."""
    from vidcap_core.metrics.evaluate import Options
    from vidcap_core.metrics.metric_arguments import metric_arguments
    from vidcap_core.video.by_clip import videos_by_clip

    names = [name.strip() for name in args.metrics.split(",") if name.strip()]
    return Options(
        names,
        args.missing,
        args.corpus,
        args.train,
        args.meteor,
        args.garbage,
        args.samples,
        args.seed,
        metric_arguments(args.set, names),
        videos_by_clip(args.videos) if args.videos else None,
    )


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    import warnings

    from vidcap_core.cli.console import note, print_json, show
    from vidcap_core.metrics.evaluate import score
    from vidcap_core.metrics.scorer import ScoreWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # they are in the report, and printed below
        report = score(args.predictions, args.references, options(args), args.intervals, args.human)
    if args.clips:
        args.clips.write_text(json.dumps(report.scores.clips, indent=1))
    if args.json:
        print_json(report.to_json())
    else:
        show(report.rows(), as_json=False)
    for warning in report.scores.warnings:
        note(f"warning: {warning}")
    return 0
