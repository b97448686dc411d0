"""`vidcap compare`: is B better than A? Paired bootstrap over clips, 95 % intervals of the difference."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap compare`."""
    from vidcap_metrics.cli.score import add_options

    parser = subparsers.add_parser("compare", help="whether two systems differ", description=__doc__)
    parser.add_argument("a", type=Path, help="predictions of one system")
    parser.add_argument("b", type=Path, help="predictions of the other, for the same clips")
    parser.add_argument(
        "--ref", type=Path, nargs="+", required=True, dest="references", help="references of both"
    )
    add_options(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print one row a number."""
    import warnings
    from dataclasses import asdict

    from vidcap_core.cli.console import note, print_json, show
    from vidcap_core.zoo.registry import METRICS
    from vidcap_metrics.cli.score import options
    from vidcap_metrics.evaluate import pairwise
    from vidcap_metrics.scorer import ScoreWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # they are in the pair, and printed here
        pair = pairwise(args.a, args.b, args.references, options(args, args.a, args.references, METRICS.load))
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
            "": ("B better" if comparison.low > 0 else "A better") if comparison.sure else "not sure",
        }
        for comparison in pair.comparisons
    ]
    show(rows, as_json=False)
    return 0
