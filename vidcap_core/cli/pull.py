"""`vidcap pull HUB-ID -o DIR`: a bundle from a model hub."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap pull`."""
    parser = subparsers.add_parser("pull", help="download a bundle from the Hugging Face hub")
    parser.add_argument("hub_id", metavar="HUB-ID", help="hf:OWNER/NAME")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR", help="the bundle's folder (new)"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Download, check, and say how to use it."""
    from vidcap_core.saved import hub

    folder = hub.pull(args.hub_id, args.out)
    print(f"bundle: {folder}\n  try: vidcap caption VIDEO --model {folder}")
    return 0
