"""What commands add their arguments to."""

from __future__ import annotations

import argparse
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_changes(parser: argparse.ArgumentParser, what: str) -> None:
    """`--set KEY=VALUE`, as often as wanted, in `changes`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help=f"{what} (again for more)",
    )
