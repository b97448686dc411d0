"""`vidcap data`: where the datasets lie, prepare them, check them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap_core.cli.arguments import Subparsers

if TYPE_CHECKING:
    from vidcap_core.zoo.component import Component


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap data`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser(
        "data", help="where the datasets lie; prepare and check them", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    where = actions.add_parser("where", help="in which folder each dataset is looked for, and what is there")
    add_json(where)
    where.set_defaults(func=run_where)

    prepare = actions.add_parser("prepare", help="convert official files to the format that reads fast")
    prepare.add_argument("name", help="the dataset (vidcap data where)")
    prepare.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FOLDER|ZIP", help="the official files"
    )
    prepare.add_argument(
        "--out", type=Path, metavar="FOLDER", help="another place than `vidcap data where` says"
    )
    prepare.add_argument("--force", action="store_true", help="replace what was prepared there before")
    prepare.set_defaults(func=run_prepare)

    check = actions.add_parser("check", help="counts, missing and broken files, and how to repair them")
    check.add_argument(
        "name", help="the dataset (vidcap data where), or a config: plugin/name, or a .py file"
    )
    check.add_argument("--root", metavar="FOLDER", help="the folder of the dataset")
    check.add_argument("--split", action="append", metavar="SPLIT", help="one split only; can be repeated")
    check.add_argument(
        "--stream", action="append", default=[], metavar="NAME=STORE", help="features to look for"
    )
    check.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="further arguments of the dataset; of a config: change one key",
    )
    check.add_argument(
        "--videos",
        type=Path,
        metavar="DIR",
        help="compare a folder of videos with the official lists, by name, and nothing else",
    )
    check.add_argument("--quick", action="store_true", help="do not open videos and features")
    check.add_argument(
        "--missing", type=Path, metavar="FOLDER", help="where the lists of missing ids are written"
    )
    add_json(check)
    check.set_defaults(func=run_check)


def run_where(args: argparse.Namespace) -> int:
    """Print the places."""
    from vidcap_core.cli.console import note, show
    from vidcap_core.datasets.locations import places

    show(places(), as_json=args.json)
    if not args.json:
        note("change the folder with the environment variable VIDCAP_DATA, or say root= in a config")
    return 0


def run_prepare(args: argparse.Namespace) -> int:
    """Write the normalised files."""
    from vidcap_core.cli.console import note
    from vidcap_core.datasets.catalogue import find_dataset
    from vidcap_core.datasets.prepare import prepare

    made_by = find_dataset(args.name)
    print(prepare(made_by, args.source, args.out, args.force))
    note(f"check it with: vidcap data check {made_by.name}" + (f" --root {args.out}" if args.out else ""))
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Print the table, what is odd and how to mend it; 1 when something is broken."""
    from vidcap_core.cli.console import note, on_terminal, print_json, show, track
    from vidcap_core.datasets.catalogue import find_dataset
    from vidcap_core.datasets.check import check_components, check_dataset, describe, plain, write_missing
    from vidcap_core.datasets.locations import arguments, refuse, refuse_splits
    from vidcap_metrics.files.cache import cache_home

    if args.videos is not None:
        return _check_videos(args)
    moving = track if on_terminal() else plain
    if "/" in args.name or args.name.endswith(".py"):
        name, data = args.name, _of_config(args)
        refuse_splits(args.split or (), data, name)
        chosen = {split: data[split] for split in args.split or data}
        reports = check_components(chosen, not args.quick, moving)
    else:
        made_by = find_dataset(args.name)
        name, given = made_by.name, arguments(args.root, args.stream, args.set)
        refuse(made_by, given, name)
        refuse_splits(args.split or (), made_by.splits, name)
        reports = check_dataset(made_by, args.split, not args.quick, moving, **given)
    folder = args.missing or cache_home() / "check" / name.replace("/", "-")
    lists = {report.split: str(path) for report in reports if (path := write_missing(report, folder))}
    if args.json:
        print_json([describe(report, lists.get(report.split)) for report in reports])
    else:
        show([report.row() for report in reports], as_json=False, title=name)
        for report in reports:
            for line in report.lines(lists.get(report.split)):
                note(line)
    return int(any(report.broken for report in reports))


def _check_videos(args: argparse.Namespace) -> int:
    """Print how many videos of each split are in a folder; 1 when files are named otherwise than the list."""
    from vidcap_core.cli.console import note, print_json, show
    from vidcap_core.datasets.catalogue import find_dataset
    from vidcap_core.datasets.locations import arguments, refuse, refuse_splits
    from vidcap_core.datasets.video_list import compare, write_list
    from vidcap_core.errors import DataError, UserError
    from vidcap_metrics.files.cache import cache_home

    if "/" in args.name or args.name.endswith(".py"):
        raise UserError(
            f"--videos goes with the name of a dataset, and {args.name} is a config",
            hint="vidcap data where, which lists the names",
        )
    made_by = find_dataset(args.name)
    given = arguments(args.root, args.stream, args.set)
    refuse(made_by, given, made_by.name)
    refuse_splits(args.split or (), made_by.splits, made_by.name)
    folder = args.videos.expanduser()
    splits = []
    for split in args.split or made_by.splits:
        try:
            splits.append(made_by(split=split, **{"unit": "clip", **given}))
        except DataError as error:
            if args.split:
                raise
            note(f"{split}: {error.line}")
    reports = compare(splits, folder, made_by.suffixes)
    out = args.missing or cache_home() / "check" / made_by.name
    lists = {report.split: write_list(report, out) for report in reports}
    if args.json:
        print_json([report.describe(lists[report.split]) for report in reports])
    else:
        show([report.row() for report in reports], as_json=False, title=f"{made_by.name}: {folder}")
        for report in reports:
            for line in report.lines(folder, lists[report.split]):
                note(line)
    return int(any(report.otherwise for report in reports))


def _of_config(args: argparse.Namespace) -> dict[str, Component]:
    """The data sets of a config; `--set` changes its keys, and what belongs to one data set is refused."""
    from vidcap_core.config.files import load_config
    from vidcap_core.config.parse import dataset
    from vidcap_core.errors import UserError

    if args.root or args.stream:
        raise UserError(
            f"--root and --stream are of a dataset, and {args.name} is a config",
            hint=f"vidcap data check {args.name} --set data.train.root=FOLDER",
        )
    config = load_config(args.name, args.set)
    return {split: dataset(config, ("data", split)) for split in config.get("data", {})}
