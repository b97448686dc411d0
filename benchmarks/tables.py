"""Trains and scores all rows of a table of methods, as far as the time goes; the same command again goes on.

python benchmarks/tables.py budget --out FOLDER [--jobs 2] [--minutes 60] [--only SWEEP] [--json FILE]

A table is a file of benchmarks/rows/: sweeps whose rows stand side by side. Each run is a folder of its own; what the
table needs of it is kept in benchmarks/results/runs (--kept), and is not run again. After --minutes no further run is
started; what is missing is named, and the table is made when nothing is.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from kept import keep, restore
from part_table import joined, markdown

from vidcap_core.config.files import load_config
from vidcap_core.engine import sweep
from vidcap_core.engine.sweep import Sweep
from vidcap_core.engine.sweep_table import write_table
from vidcap_core.saved.run import RunFolder, locked
from vidcap_core.testing.measured import write

HERE = Path(__file__).parent


def sweeps_of(table: str, out: Path) -> tuple[dict[str, Sweep], str]:
    """The sweeps of a table by name, and the row that the others are compared with."""
    said: Any = load_config(HERE / "rows" / f"{table}.py")
    found = {
        name: Sweep(
            one["config"],
            {row: {**said.get("changes", {}), **keys} for row, keys in one["rows"].items()},
            said["seeds"],
            said["folds"],
            out / name,
            said["split"],
        )
        for name, one in said["sweeps"].items()
    }
    return found, said["origin"]


def run(one: Sweep, jobs: int, end: float, kept: Path) -> None:
    """Run what is missing; each run is kept as soon as it is done."""

    def say(line: str) -> None:
        print(line, flush=True)
        keep(one, kept)

    sweep.run(one, jobs, say, until=end)


def main() -> int:
    """Run, and show what is whole."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", choices=sorted(file.stem for file in (HERE / "rows").glob("*.py")))
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no run after so many")
    parser.add_argument("--only", help="run one sweep of the table, such as core")
    parser.add_argument(
        "--kept", type=Path, default=HERE / "results" / "runs", help="small files of finished runs"
    )
    parser.add_argument("--json", type=Path, help="where to write the table as data")
    args = parser.parse_args()
    found, origin = sweeps_of(args.table, args.out)
    end = time.monotonic() + 60 * args.minutes
    with locked(RunFolder(args.out), hint="wait for it, or another --out"):
        for name, one in found.items():
            kept = args.kept / args.table / name
            print(f"{name}: {restore(one, kept)} runs of {kept}")
            if args.only in (None, name):
                run(one, args.jobs, end, kept)
        missing = {name: sweep.missing(one) for name, one in found.items()}
        if any(missing.values()):
            for name, cells in missing.items():
                print(
                    f"{name}: {len(cells)} runs are not done" + "".join(f" {cell.name}" for cell in cells[:5])
                )
            print("no table yet: the same command again goes on")
            return 1
        for one in found.values():
            write_table(one)
        result = joined({name: one.out for name, one in found.items()}, origin)
    print(markdown(result))
    if args.json:
        write(args.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
