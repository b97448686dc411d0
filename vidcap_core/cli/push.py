"""`vidcap push DIR HUB-ID`: a bundle to a model hub."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap push`."""
    parser = subparsers.add_parser("push", help="upload a bundle to the Hugging Face hub")
    parser.add_argument("bundle", type=Path, help="a bundle folder: vidcap export RUN -o DIR")
    parser.add_argument("hub_id", metavar="HUB-ID", help="hf:OWNER/NAME")
    parser.add_argument("--private", action="store_true", help="make the repository private")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Upload and print the address."""
    from vidcap_core.saved import hub

    print(hub.push(args.bundle, args.hub_id, args.private))
    return 0
