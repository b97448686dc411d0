"""`vidcap import METHOD CHECKPOINT`: what the authors of a method published, as a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.errors import UserError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap import`."""
    parser = subparsers.add_parser(
        "import", help="turn a checkpoint that a method's authors published into a bundle"
    )
    parser.add_argument("method", help="a way of reading one; without a checkpoint, what it needs", nargs="?")
    parser.add_argument("checkpoint", type=Path, nargs="?", help="the file: of torch, or .safetensors")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="the bundle's folder (new); default: METHOD-NAME here"
    )
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="what lies beside the checkpoint, as a list of words",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Convert and say how to use it; without a checkpoint, list what there is."""
    from vidcap_core.saved import authors

    if args.checkpoint is None:
        for name in [args.method] if args.method else sorted(authors.importers()):
            plugin, importer = authors.find(name)
            print(f"{name}  (plugin {plugin.name})")
            for kind, known in (("needs", importer.needs), ("takes", importer.takes)):
                for key, what in known.items():
                    print(f"  {kind} --file {key}=FILE: {what}")
        return 0
    files: dict[str, Path] = {}
    for given in args.file:
        key, equals, file = given.partition("=")
        if not equals or not file:
            raise UserError(f"--file {given}: not of the form NAME=FILE", hint="--file words=words.txt")
        files[key] = Path(file).expanduser()
    out = args.out or Path(f"{args.method}-{args.checkpoint.stem}")
    folder = authors.import_checkpoint(args.method, args.checkpoint, files, out)
    print(f"bundle: {folder}\n  try: vidcap caption VIDEO --model {folder}")
    return 0
