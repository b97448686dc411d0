"""`vidcap score`: caption metrics of a file of predictions, each with its signature."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap score`, those of `vidcap-score`."""
    from vidcap_metrics.cli.score import add_arguments

    parser = subparsers.add_parser("score", help="metrics of a file of predictions", description=__doc__)
    add_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the table; metrics of plugins are known here, too."""
    from vidcap_core.cli.console import show
    from vidcap_core.zoo.registry import METRICS
    from vidcap_metrics.cli import score

    return score.run(args, METRICS.load, lambda rows: show(rows, as_json=False))
