"""`vidcap caption FILE...`: captions of video files, with a trained captioner."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap caption`."""
    parser = subparsers.add_parser("caption", help="caption video files", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="video files")
    parser.add_argument(
        "--model", required=True, help="a run folder, a bundle folder, plugin/name, or a hub id"
    )
    parser.add_argument("--copy", help="a kept copy of the weights instead of the best ones")
    parser.add_argument("--device", help="cpu, cuda, ... (default: a GPU where there is one)")
    parser.add_argument("--json", action="store_true", help="one line of JSON a file: events, words, streams")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print one caption a file; files that cannot be read are listed at the end, and the exit code is 1 then."""
    import json

    from vidcap_core.caption import load
    from vidcap_core.errors import VideoError
    from vidcap_core.report.store import prediction_data

    captioner = load(args.model, args.device, args.copy)
    bad: list[VideoError] = []
    for path, result in captioner.each(args.files):
        if isinstance(result, VideoError):
            bad.append(result)
        elif args.json:
            print(json.dumps(prediction_data(result), ensure_ascii=False), flush=True)
        elif len(result.events) == 1:
            print(f"{path}: {result.text}", flush=True)
        else:
            print(
                f"{path}:",
                *(f"  {e.start:7.2f} - {e.end:7.2f}  {e.text}" for e in result.events),
                sep="\n",
                flush=True,
            )
    if bad:
        print(
            f"{len(bad)} of {len(args.files)} files could not be captioned:",
            *(f"  {e}" for e in bad),
            sep="\n",
            file=sys.stderr,
        )
    return int(bool(bad))
