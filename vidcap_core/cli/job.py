"""`vidcap job`: look at and merge what `vidcap caption --rows` wrote, here or in an object store."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """The arguments of `vidcap job`."""
    parser = subparsers.add_parser(
        "job", help="how far a job of rows is; its rows as one file", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = actions.add_parser("status", help="how far a job is, and what failed")
    status.add_argument("job", metavar="DIR", help="what --out was")
    status.add_argument("--verify", action="store_true", help="read every shard, and check its hash")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(func=run_status)
    merge = actions.add_parser("merge", help="all rows as one file, each source once")
    merge.add_argument("job", metavar="DIR", help="what --out was")
    merge.add_argument("to", type=Path, metavar="FILE", help="ALL.jsonl or ALL.parquet")
    merge.set_defaults(func=run_merge)


def run_status(args: argparse.Namespace) -> int:
    """Print figures and reasons; exit 1 where a shard is wrong."""
    from dataclasses import asdict

    from vidcap_core.cli.console import print_json, show
    from vidcap_core.jobs.output import Output
    from vidcap_core.jobs.status import status

    found = status(Output(args.job), args.verify)
    if args.json:
        print_json(asdict(found))
        return 1 if found.wrong else 0
    left = None if found.inputs is None else max(0, found.inputs - found.done - found.failed)
    figures = {"files": found.inputs, "captioned": found.done, "failed": found.failed, "left": left}
    figures |= {"rows": found.rows, "shards": found.shards, "bytes": found.bytes}
    rows = [{"what": key, "value": value} for key, value in [*figures.items(), *found.facts.items()]]
    show(rows, as_json=False, title=args.job)
    if found.reasons:
        show([{"failed": count, "reason": reason} for reason, count in found.reasons], as_json=False)
    for line in found.wrong or (["every hash is right"] if args.verify else []):
        print(line)
    return 1 if found.wrong else 0


def run_merge(args: argparse.Namespace) -> int:
    """Merge, and say how many rows there are."""
    from vidcap_core.jobs.merge import merge
    from vidcap_core.jobs.output import Output

    count = merge(Output(args.job), args.to)
    print(f"{args.to}: {count} rows")
    return 0
