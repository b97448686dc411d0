"""A grid of configs x seeds x folds as separate runs, and the table they make."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.errors import UserError
from vidcap_core.saved.run import RunFolder
from vidcap_core.saved.sweep_scores import DONE
from vidcap_metrics.counted import counted
from vidcap_metrics.files.atomic import write_json, write_text


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


def run(sweep: Sweep, jobs: int = 1, say: Callable[[str], None] = print) -> None:
    """Run what is not done yet, `jobs` at a time; a failed run stops nothing, but is named at the end."""
    cells = list(sweep.cells())
    for changes in {cell.changes for cell in cells if cell.seed == 0 and cell.fold in (None, 0)}:
        validate(load_config(sweep.config, changes))  # a misspelt key must not show after an hour
    sweep.out.mkdir(parents=True, exist_ok=True)
    todo = [cell for cell in cells if not (sweep.out / cell.name / DONE).is_file()]
    say(f"{len(cells)} runs, {len(cells) - len(todo)} done already")

    def finish(cell: Cell) -> tuple[Cell, int]:
        code = _train_and_score(sweep, cell)
        if code == 0:
            write_json(sweep.out / cell.name / DONE, {"row": cell.row, "seed": cell.seed, "fold": cell.fold})
        return cell, code

    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        for count, (cell, code) in enumerate(pool.map(finish, todo), 1):
            say(
                f"{count}/{len(todo)} {cell.name} {'done' if code == 0 else f'failed: see {sweep.out / cell.name}.log'}"
            )
            failed += [cell.name] if code else []
    if failed:
        raise UserError(
            f"{len(failed)} of {len(cells)} runs failed: {', '.join(failed[:5])}",
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


def table(sweep: Sweep) -> dict[str, Any]:
    """The sweep as data: per row and score the mean, the spread over seeds, an interval over clips.

    Scores of one seed are means over its folds. The interval is a bootstrap over clips of the clip values
    averaged over seeds; it exists for scores that are the mean of their clips' values (CIDEr-D, ROUGE-L), not
    for those of a whole corpus (BLEU, METEOR).
    """
    rows: dict[str, Any] = {}
    signatures: dict[str, dict[str, None]] = {}  # of each score all that occur: those of folds differ
    clips = ""
    steps: set[int] = set()
    machines = dict.fromkeys(_machine(sweep, cell) for cell in sweep.cells())
    for row in sweep.rows:
        per_seed: dict[str, list[float]] = {}
        per_clip: dict[str, dict[str, list[float]]] = {}
        for seed in range(sweep.seeds):
            folds = [_scores(sweep, cell) for cell in sweep.cells() if cell.row == row and cell.seed == seed]
            for name in folds[0]["values"]:
                per_seed.setdefault(name, []).append(statistics.fmean(fold["values"][name] for fold in folds))
            for scores in folds:
                steps.add(scores["steps"])
                for name, signature in scores["signatures"].items():
                    signatures.setdefault(name, {})[signature] = None
                for name, values in _means(scores).items():
                    for clip, value in values.items():
                        per_clip.setdefault(name, {}).setdefault(clip, []).append(value)
            clips = ", ".join(dict.fromkeys(fold["clips"] for fold in folds))
        rows[row] = {name: _cell(values, per_clip.get(name)) for name, values in per_seed.items()}
        rows[row]["_clips"] = {
            name: {c: statistics.fmean(v) for c, v in cs.items()} for name, cs in per_clip.items()
        }
    return {
        "machine": "; ".join(machines),
        "config": sweep.config,
        "seeds": sweep.seeds,
        "folds": sweep.folds,
        "clips": clips,
        "steps": sorted(steps),
        "rows": rows,
        "signatures": {name: list(each) for name, each in signatures.items()},
    }


def write_table(sweep: Sweep) -> Path:
    """table.json, table.csv and table.md in the sweep's folder; returns the last."""
    data = table(sweep)
    names = list(dict.fromkeys(name for row in data["rows"].values() for name in row if name != "_clips"))
    first = next(iter(data["rows"]))
    lines = [f"| row | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    csv = ["row,score,mean,std_over_seeds,low,high,difference,difference_low,difference_high"]
    for row, cells in data["rows"].items():
        shown = []
        for name in names:
            cell = cells.get(name)
            if cell is None:
                shown.append("")
                continue
            change = (
                {}
                if row == first
                else difference(data["rows"][first]["_clips"].get(name), cells["_clips"].get(name))
            )
            cell |= change
            mark = " *" if change and (change["difference_low"] > 0 or change["difference_high"] < 0) else ""
            spread = "" if cell["std"] is None else f" ± {cell['std']:.4f}"
            around = "" if cell["low"] is None else f" [{cell['low']:.3f}, {cell['high']:.3f}]"
            shown.append(f"{cell['mean']:.4f}{spread}{around}{mark}")
            numbers = [
                cell["mean"],
                cell["std"],
                cell["low"],
                cell["high"],
                *(change.values() or (None,) * 3),
            ]
            csv.append(",".join([row, name, *("" if n is None else f"{n:.6f}" for n in numbers)]))
        lines.append(f"| {row} | {' | '.join(shown)} |")
    folds = f", {counted(data['folds'], 'fold')}" if data["folds"] else ""
    budget = " to ".join(dict.fromkeys(str(n) for n in (data["steps"][0], data["steps"][-1])))
    lines += [
        "",
        f"{data['config']}: {counted(data['seeds'], 'seed')}{folds}, {data['clips']} clips; "
        f"budget: {budget} steps a run; {data['machine']}.",
        "± is the standard deviation over seeds, [] a 95 % bootstrap interval over clips (of scores that are means of "
        f"clips), * a paired difference from {first} whose interval excludes 0.",
        "",
    ]
    every = dict.fromkeys(signature for each in data["signatures"].values() for signature in each)
    lines += [f"- {signature}" for signature in every]
    write_json(sweep.out / "table.json", data)
    write_text(sweep.out / "table.csv", "\n".join(csv) + "\n")
    write_text(sweep.out / "table.md", "\n".join(lines) + "\n")
    return sweep.out / "table.md"


def difference(a: Mapping[str, float] | None, b: Mapping[str, float] | None) -> dict[str, float]:
    """B - A over the clips of both, with a 95 % paired bootstrap interval."""
    both = [clip for clip in a or {} if clip in (b or {})]
    if not a or not b or not both:
        return {}
    deltas = np.array([b[clip] - a[clip] for clip in both])
    low, high = _bootstrap(deltas)
    return {"difference": float(deltas.mean()), "difference_low": low, "difference_high": high}


def _means(scores: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """Clip values of the scores that are their mean."""
    per_clip: Mapping[str, Mapping[str, float]] = scores["per_clip"]
    return {
        name: clips
        for name, clips in per_clip.items()
        if clips and abs(statistics.fmean(clips.values()) - scores["values"].get(name, math.inf)) < 1e-6
    }


def _cell(values: Sequence[float], clips: Mapping[str, Sequence[float]] | None) -> dict[str, float | None]:
    low = high = None
    if clips:
        low, high = _bootstrap(np.array([statistics.fmean(v) for v in clips.values()]))
    std = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "std": std, "low": low, "high": high}


def _bootstrap(values: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    chance = np.random.default_rng(0)
    means = values[chance.integers(0, len(values), (draws, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _machine(sweep: Sweep, cell: Cell) -> str:
    """What a run was made on; older runs did not say it."""
    meta = json.loads(RunFolder(sweep.out / cell.name).meta.read_text(encoding="utf-8"))
    return str(meta.get("machine", "not recorded"))


def _scores(sweep: Sweep, cell: Cell) -> dict[str, Any]:
    path = RunFolder(sweep.out / cell.name).scores(sweep.split)
    if not path.is_file():
        raise UserError(
            f"{cell.name} has no scores yet", hint="run the sweep again: it goes on where it stopped"
        )
    scalars = RunFolder(sweep.out / cell.name).scalars.read_text(encoding="utf-8").splitlines()
    return {
        **json.loads(path.read_text(encoding="utf-8")),
        "steps": max(json.loads(line)["step"] for line in scalars),
    }
