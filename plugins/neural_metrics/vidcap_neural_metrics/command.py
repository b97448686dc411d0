"""`vidcap judges ANSWERS --model M --version V --answers FILE`: does a second judge agree with the first?"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap judges`."""
    parser = subparsers.add_parser("judges", help="whether a second judge agrees with a first one")
    parser.add_argument("file", type=Path, metavar="ANSWERS", help="answers of the first judge")
    parser.add_argument("--first", metavar="NAME@VERSION", help="which judge, where the file has several")
    parser.add_argument("--model", required=True, help="the second judge, as its endpoint calls it")
    parser.add_argument(
        "--version", required=True, help="of the second judge, as exactly as its provider says it"
    )
    parser.add_argument(
        "--answers", type=Path, required=True, metavar="FILE", help="where its answers are written"
    )
    parser.add_argument("--url", help="of its endpoint (default: that of VIDCAP_JUDGE_URL)")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Ask what is not in its file yet, and print a line a prompt."""
    from vidcap_neural_metrics.agreement import agreement
    from vidcap_neural_metrics.judge import Judge

    first = None
    if args.first:
        name, _, version = args.first.rpartition("@")
        first = (name, version)
    second = Judge(args.model, args.version, args.answers, args.url)
    for row in agreement(args.file, first, second):
        print(
            f"{row.prompt}: kappa {row.kappa:.3f}, {row.equal:.1%} of {row.labels} judgements equal, "
            f"{row.questions} questions, malformed: {row.malformed[0]} first, {row.malformed[1]} second"
        )
    return 0
