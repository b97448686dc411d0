"""`vidcap export RUN -o DIR`: a run's captioner as a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli.arguments import add_changes


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap export`."""
    parser = subparsers.add_parser("export", help="write a run's captioner as a bundle, ready to caption")
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR", help="the bundle's folder (new)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--merged",
        action="store_true",
        help="no bundle, but a folder of the library that the model came from, with what was trained folded in",
    )
    form.add_argument(
        "--whole",
        action="store_true",
        help="for a run with runtime.save='trained': write its base too, so that the bundle needs nothing else",
    )
    add_changes(parser, "where the base of such a run lies here: head.lm=FOLDER")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Write the bundle and say how to use it."""
    from vidcap_core.saved.export import export, export_model

    if args.merged:
        folder, what = export_model(args.run, args.out, args.changes), "model"
    else:
        folder, what = export(args.run, args.out, args.whole, args.changes), "bundle"
    print(f"{what}: {folder}\n  try: vidcap caption VIDEO --model {folder}")
    return 0
