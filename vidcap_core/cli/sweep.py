"""`vidcap sweep CONFIG --grid FILE --seeds N [--folds K]`: many runs and the table they make."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap sweep`."""
    parser = subparsers.add_parser("sweep", help="run a grid of configs x seeds x folds, and make the table")
    parser.add_argument("config", help="plugin/name, or the path of a .py file")
    parser.add_argument(
        "--grid", type=Path, required=True, help='a file with rows = {"name": {"key.path": value}}'
    )
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 .. N-1 (default: 1; tests need 2)")
    parser.add_argument(
        "--folds", type=int, help="cross-validation: sets data.train.fold and data.SPLIT.fold"
    )
    parser.add_argument("--split", default="val", help="the split that is scored (default: val)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default: 1)")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the sweep's folder")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run what is not done, then write the table."""
    from vidcap_core.engine import sweep
    from vidcap_core.engine.sweep_table import write_table

    grid = sweep.Sweep(args.config, sweep.read_grid(args.grid), args.seeds, args.folds, args.out, args.split)
    sweep.run(grid, args.jobs)
    path = write_table(grid)
    print(path.read_text(encoding="utf-8"))
    print(f"table: {path}")
    return 0
