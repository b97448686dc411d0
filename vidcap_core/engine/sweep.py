"""A grid of configs x seeds x folds as separate runs."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.errors import UserError
from vidcap_core.saved.run import RunFolder, locked
from vidcap_core.saved.sweep_scores import DONE
from vidcap_metrics.counted import counted
from vidcap_metrics.files.atomic import write_json


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a sweep."""

    row: str
    seed: int
    fold: int | None
    changes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its run folder."""
        return f"{self.row}-seed{self.seed}" + ("" if self.fold is None else f"-fold{self.fold}")


@dataclass(frozen=True, slots=True)
class Sweep:
    """A config, its rows (name -> changed keys), seeds and folds, and the folder of it all."""

    config: str
    rows: Mapping[str, Mapping[str, Any]]
    seeds: int
    folds: int | None
    out: Path
    split: str = "val"

    def cells(self) -> Iterator[Cell]:
        """Every run, the seeds and folds of one row next to each other."""
        for row, changes in self.rows.items():
            for seed in range(self.seeds):
                for fold in range(self.folds) if self.folds else (None,):
                    keys = {"seed": seed, **changes}
                    if fold is not None:
                        keys |= {f"data.{split}.fold": fold for split in ("train", self.split)}
                    yield Cell(row, seed, fold, tuple(f"{key}={value!r}" for key, value in keys.items()))


def read_grid(path: Path) -> dict[str, dict[str, Any]]:
    """Rows of a grid file: `rows = {"A0": {"head.layers": 2}, ...}`."""
    rows = load_config(path).get("rows")
    if (
        not isinstance(rows, dict)
        or not rows
        or not all(isinstance(changes, dict) for changes in rows.values())
    ):
        raise UserError(f"{path}: a grid says rows = {{'name': {{'key.path': value}}}}")
    return rows


def run(sweep: Sweep, jobs: int = 1, say: Callable[[str], None] = print, until: float = math.inf) -> None:
    """Run what is not done yet, `jobs` at a time; a failed run stops nothing, but is named at the end.

    until: no run is started after this time of the monotonic clock.
    """
    cells = list(sweep.cells())
    for changes in {cell.changes for cell in cells if cell.seed == 0 and cell.fold in (None, 0)}:
        validate(load_config(sweep.config, changes))  # a misspelt key must not show after an hour
    with locked(RunFolder(sweep.out), hint="wait for it, or another -o"):
        _run(sweep, jobs, say, until)


def missing(sweep: Sweep) -> list[Cell]:
    """The runs that are not done."""
    return [cell for cell in sweep.cells() if not (sweep.out / cell.name / DONE).is_file()]


def _run(sweep: Sweep, jobs: int, say: Callable[[str], None], until: float) -> None:
    todo, count = missing(sweep), len(list(sweep.cells()))
    say(f"{counted(count, 'run')}, {count - len(todo)} done already")

    def finish(cell: Cell) -> tuple[Cell, int | None]:
        if time.monotonic() > until:
            return cell, None
        code = _train_and_score(sweep, cell)
        if code == 0:
            write_json(sweep.out / cell.name / DONE, {"row": cell.row, "seed": cell.seed, "fold": cell.fold})
        return cell, code

    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        for number, (cell, code) in enumerate(pool.map(finish, todo), 1):
            if code is None:
                continue
            outcome = f"failed: see {sweep.out / cell.name}.log" if code else "done"
            say(f"{number}/{len(todo)} {cell.name} {outcome}")
            failed += [cell.name] if code else []
    if failed:
        raise UserError(
            f"{len(failed)} of {counted(count, 'run')} failed: {', '.join(failed[:5])}",
            hint="the same command again resumes them",
        )


def _train_and_score(sweep: Sweep, cell: Cell) -> int:
    """The exit code of a cell's training and, where that scored another split, of its scoring."""
    folder = RunFolder(sweep.out / cell.name)
    changes = [word for change in cell.changes for word in ("--set", change)]
    with (sweep.out / f"{cell.name}.log").open("ab") as log:

        def task(*words: str) -> int:
            command = [sys.executable, "-m", "vidcap_core.cli.run", sweep.config, *words]
            command += ["--work-dir", str(folder.path), "--quiet", *changes]
            return subprocess.run(command, stdout=log, stderr=log, check=False).returncode

        code = task("train", *(["--resume"] if folder.config.is_file() else []))
        if code or folder.scores(sweep.split).is_file():
            return code
        return task("test", "--split", sweep.split)
