"""`vidcap doctor`: what this machine has, what is missing, and what to type about it."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap doctor`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser("doctor", help="check this machine")
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings; exit 1 when something that vidcap needs is broken."""
    from vidcap_core.cli.console import show
    from vidcap_core.zoo import doctor

    findings = list(doctor.examine())
    show([finding.row() for finding in findings], args.json, title="doctor")
    return 1 if any(finding.state == "broken" for finding in findings) else 0
