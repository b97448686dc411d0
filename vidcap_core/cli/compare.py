"""`vidcap compare`: is B better than A? Paired bootstrap over clips, 95 % intervals of the difference."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap compare`."""
    from vidcap_core.cli.score import add_options

    parser = subparsers.add_parser(
        "compare", help="whether two systems differ", description=(__doc__ or "").replace("%", "%%")
    )
    parser.add_argument("a", type=Path, help="predictions of one system")
    parser.add_argument("b", type=Path, help="predictions of the other, for the same clips")
    parser.add_argument(
        "--ref", type=Path, nargs="+", required=True, dest="references", help="references of both"
    )
    add_options(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print one row a number."""
    from dataclasses import asdict

    from vidcap_core.cli.console import print_json, show
    from vidcap_core.cli.score import options
    from vidcap_core.metrics.evaluate import pairwise

    found = pairwise(args.a, args.b, args.references, options(args))
    if args.json:
        print_json([asdict(one) | {"difference": one.difference, "sure": one.sure} for one in found])
        return 0
    rows = [
        {
            "metric": one.name,
            "A": f"{one.a:.4f}",
            "B": f"{one.b:.4f}",
            "B − A": f"{one.difference:+.4f}",
            "95 % interval": f"{one.low:+.4f} … {one.high:+.4f}",
            "p": f"{one.p:.3f}",
            "": ("B better" if one.low > 0 else "A better") if one.sure else "not sure",
        }
        for one in found
    ]
    show(rows, as_json=False)
    return 0
