"""`vidcap compare`: is B better than A? Tests over the clips of two files, or over seeds of a sweep."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli.arguments import Subparsers
from vidcap_core.errors import UserError


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap compare`."""
    from vidcap_core.cli.score import add_videos
    from vidcap_metrics.cli.score import add_options

    parser = subparsers.add_parser("compare", help="whether two systems differ", description=__doc__)
    parser.add_argument("a", help="predictions of one system; with --sweep the name of a row")
    parser.add_argument("b", help="predictions of the other, for the same clips; with --sweep another row")
    parser.add_argument("--ref", type=Path, nargs="+", dest="references", help="references of both")
    parser.add_argument(
        "--sweep", type=Path, metavar="DIR", help="compare two rows of a sweep, over its seeds"
    )
    parser.add_argument(
        "--split", default="val", help="with --sweep: the split that was scored (default: val)"
    )
    add_options(parser)
    add_videos(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print one row a number."""
    import warnings
    from dataclasses import asdict

    from vidcap_core.cli.console import note, print_json, show
    from vidcap_core.cli.score import chosen_videos
    from vidcap_core.zoo.registry import METRICS
    from vidcap_metrics.cli.score import options
    from vidcap_metrics.evaluate import pairwise
    from vidcap_metrics.scorer import ScoreWarning

    if args.sweep:
        return _run_seeds(args)
    if not args.references:
        raise UserError(
            "two files are compared against references",
            hint=f"vidcap compare {args.a} {args.b} --ref REFERENCES, or --sweep DIR for two rows of a sweep",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # they are in the pair, and printed here
        predictions = Path(args.a)
        choices = options(args, predictions, args.references, METRICS.load, chosen_videos(args))
        pair = pairwise(predictions, Path(args.b), args.references, choices)
    for warning in pair.warnings:
        note(f"warning: {warning}")
    if args.json:
        print_json(
            [
                asdict(comparison) | {"difference": comparison.difference, "sure": comparison.sure}
                for comparison in pair.comparisons
            ]
        )
        return 0
    rows = [
        {
            "metric": comparison.name,
            "A": f"{comparison.a:.4f}",
            "B": f"{comparison.b:.4f}",
            "B − A": f"{comparison.difference:+.4f}",
            "95 % interval": f"{comparison.low:+.4f} … {comparison.high:+.4f}",
            "p": f"{comparison.p:.3f}",
            "p randomised": f"{comparison.randomised:.3f}",
            "Holm": f"{comparison.holm:.3f}",
            "": _verdict(comparison.difference, comparison.sure),
        }
        for comparison in pair.comparisons
    ]
    show(rows, as_json=False)
    return 0


def _run_seeds(args: argparse.Namespace) -> int:
    """Print one row a number: what the seeds of two rows of a sweep say."""
    from dataclasses import asdict

    from vidcap_core.cli.console import print_json, show
    from vidcap_core.saved.sweep_scores import check_signatures, row_of, sweep_scores
    from vidcap_metrics.bootstrap import LEVEL
    from vidcap_metrics.counted import counted
    from vidcap_metrics.seeds import compare_seeds

    rows = sweep_scores(args.sweep, args.split)
    a, b = row_of(rows, args.a), row_of(rows, args.b)
    check_signatures(a, b)
    comparisons = compare_seeds(a, b)
    if args.json:
        print_json([asdict(each) | {"difference": each.difference} for each in comparisons])
        return 0
    table = [
        {
            "metric": each.name,
            "A": f"{each.a:.4f}",
            "B": f"{each.b:.4f}",
            "B − A": f"{each.difference:+.4f}",
            "95 % interval": f"{each.low:+.4f} … {each.high:+.4f}",
            "p": f"{each.p:.3f}",
            "Holm": f"{each.holm:.3f}",
            "over": f"{each.seeds[0]} + {each.seeds[1]} seeds"
            + (f", {counted(each.clips, 'clip')}" if each.clips else ""),
            "": _verdict(each.difference, each.holm < LEVEL),
        }
        for each in comparisons
    ]
    show(table, as_json=False)
    return 0


def _verdict(difference: float, sure: bool) -> str:
    if not sure:
        return "not sure"
    return "B better" if difference > 0 else "A better"
