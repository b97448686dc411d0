"""`vidcap retrieve CONFIG -o DIR`: the retrieval index of a config, its streams, and how well it retrieves."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap retrieve`."""
    parser = subparsers.add_parser("retrieve", help="retrieve captions for every clip of a config, once")
    parser.add_argument("config", help="plugin/name, or the path of a .py file")
    parser.add_argument(
        "--stream", default="retrieved", help="the encoder in `encoders` (default: retrieved)"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="index/ and, as a feature store, the stream",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Make both, and print R@1, R@5 and R@10."""
    from vidcap_spectrum.retrieval_job import retrieve

    for line in retrieve(args.config, args.stream, args.changes, args.out):
        print(line, flush=True)
    return 0
