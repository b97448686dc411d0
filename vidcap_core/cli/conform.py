"""`vidcap conform NAME`: the conformance kit from the shell."""

from __future__ import annotations

import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap conform`."""
    parser = subparsers.add_parser("conform", help="check what an installed plugin promises")
    parser.add_argument("name", help="a plugin: vidcap plugins")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print what each check found; 1 when a promise is broken."""
    from vidcap_core.testing import kit

    checks = kit.conform(args.name)
    print("\n".join(kit.report(checks)))
    return int(any(check.ok is False for check in checks))
