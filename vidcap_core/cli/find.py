"""Search films and pictures by a text: `vidcap find "a dog in water" videos/`.

A PATH is a file, a folder (every video and picture below it), a pattern in quotes, or @LIST (a file with one path a
line). Files are read once: an index keeps what their pictures are, and only new and changed files are read again.
Files that cannot be read are listed at the end, and the exit code is 1 then.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcap_core.search.find import Match
    from vidcap_core.search.pair import Pair


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap find`."""
    parser = subparsers.add_parser(
        "find",
        help="search films and pictures by a text",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", metavar="TEXT", help="what to search for, in quotes")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, 'patterns', @LIST")
    parser.add_argument(
        "--model",
        help="a picture encoder that has a text encoder beside it (NAME and NAMEText), or of open_clip "
        "ARCHITECTURE:WEIGHTS, hf-hub:NAME or local-dir:FOLDER (default: the pair that is installed)",
    )
    parser.add_argument("--top", type=_count, default=10, metavar="N", help="the N best files (default: 10)")
    parser.add_argument("--json", action="store_true", help="a line of JSON a file")
    parser.add_argument(
        "--every",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="seconds from picture to picture of a long film (2)",
    )
    parser.add_argument("--index", type=Path, metavar="FILE", help="keep the index here, not in the cache")
    parser.add_argument("--device", help="cpu, cuda, ... (default: a GPU where there is one)")
    parser.add_argument(
        "--workers", type=_count, metavar="N", help="threads that read (default: one a processor)"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Read what is new, print the best files, then what could not be read."""
    from vidcap_core.captioning.inputs import find, shown
    from vidcap_core.cli.console import note
    from vidcap_core.cli.outcome import FAILED
    from vidcap_core.errors import UserError
    from vidcap_core.video.suffixes import films_and_pictures

    if not args.text.strip():
        raise UserError("the text is empty", hint='vidcap find "a dog in water" videos/')
    if not args.every > 0:
        raise UserError(f"--every {args.every:g}: not a number of seconds above 0", hint="--every 2")
    inputs = find(args.paths, wanted=films_and_pictures)
    inputs.bad += [(str(each), "is not a file of this machine") for each in inputs.elsewhere]
    if not inputs.files:
        reasons = "; ".join(f"{shown(name)}: {reason}" for name, reason in inputs.bad)
        raise UserError(f"nothing to look through: {reasons or 'the lists are empty'}")
    bad = list(inputs.bad)
    matches = _matches(args, inputs.files, bad)
    _print(matches[: args.top], args.json)
    if bad:
        lines = [f"  {shown(name)}: {' '.join(reason.split())}" for name, reason in bad]
        note("\n".join([f"{len(bad)} {'file' if len(bad) == 1 else 'files'} could not be read:", *lines]))
    return FAILED if bad else 0


def _matches(args: argparse.Namespace, files: list[Path], bad: list[tuple[str, str]]) -> list[Match]:
    """All files that could be read, the best first."""
    import torch

    from vidcap_core.cli.console import track
    from vidcap_core.search.find import rank, read
    from vidcap_core.search.index import Index
    from vidcap_core.search.pair import load

    pair: Pair = load(args.model).to(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    recipe = f"{pair.recipe()}-{args.every:g}"
    index = Index.in_cache(recipe) if args.index is None else Index(args.index, recipe)
    new = [file for file in files if index.get(file) is None]
    if new:
        results = read(new, pair.pictures, index, args.every, args.workers)
        for path, error in track(results, "reading", len(new)):
            if error is not None:
                bad.append((str(path), error.line.removeprefix(f"{path}: ")))
    rows = {file: known for file in files if (known := index.get(file)) is not None}
    return rank(pair.query(args.text), rows)


def _print(matches: Sequence[Match], as_json: bool) -> None:

    from vidcap_core.captioning.formats import one_line
    from vidcap_core.captioning.inputs import shown

    for match in matches:
        score, time = round(match.score, 4), None if match.time is None else round(match.time, 2)
        if as_json:
            print(one_line({"score": score, "path": str(match.path), "time": time}))
        else:
            when = "picture" if time is None else f"{time:.1f} s"
            print(f"{score:7.4f}  {when:>9}  {shown(match.path)}")


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {value}")
    return value
