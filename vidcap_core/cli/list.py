"""`vidcap list`: what is installed, by kind."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers

KINDS = (
    "encoders",
    "heads",
    "losses",
    "datasets",
    "transforms",
    "metrics",
    "tokenizers",
    "configs",
    "models",
)


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap list`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser("list", help="what is installed")
    parser.add_argument("kind", nargs="?", choices=KINDS, help="one kind only; without it, all of them")
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the tables."""
    from vidcap_core.cli.console import print_json, show
    from vidcap_core.zoo import catalogue

    kinds = (args.kind,) if args.kind else KINDS
    tables = {kind: catalogue.rows(kind) for kind in kinds}
    if args.json:
        print_json(tables[args.kind] if args.kind else tables)
        return 0
    for index, kind in enumerate(kinds):
        if index:
            print()
        show(tables[kind], as_json=False, title=kind, empty="none installed")
    return 0
