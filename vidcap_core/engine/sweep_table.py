"""The table of a finished sweep: means over seeds, intervals over seeds and clips, rows against the first."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.engine.sweep import Sweep
from vidcap_core.errors import UserError
from vidcap_core.saved import scalars
from vidcap_core.saved.run import RunFolder
from vidcap_core.saved.sweep_scores import SeedRun, run_scores, sweep_scores
from vidcap_metrics.bootstrap import LEVEL
from vidcap_metrics.counted import counted
from vidcap_metrics.files.atomic import write_json, write_text
from vidcap_metrics.holm import holm
from vidcap_metrics.seeds import SeedComparison, compare_seeds, seed_intervals

Cells = dict[str, dict[str, Any]]


def table(sweep: Sweep) -> dict[str, Any]:
    """The sweep as data: per row and score the mean, the spread over seeds, intervals, and row minus first row.

    Scores of one seed are means over its folds. With two seeds or more, intervals and tests are over seeds and clips
    (of scores that are the mean of their clips' values, as CIDEr-D and ROUGE-L; of others over seeds alone), and p is
    corrected for all tests of the table (Holm). One seed has intervals over clips alone, and no test.
    """
    clips, steps, machines = _budget(sweep)
    found = sweep_scores(sweep.out, sweep.split)
    runs = {row: [run for run in found[row] if run.seed < sweep.seeds] for row in sweep.rows}
    rows = {row: _cells(each) for row, each in runs.items()}
    first, *others = rows
    for row, changes in against(runs[first], {row: runs[row] for row in others}).items():
        for name, change in changes.items():
            rows[row][name] |= change
    signatures: dict[str, dict[str, None]] = {}  # of each score all that occur: those of folds differ
    for run in (run for each in runs.values() for run in each):
        for name, signature in run.signatures.items():
            signatures.setdefault(name, {}).update(dict.fromkeys(sorted(signature)))
    return {
        "machine": "; ".join(machines),
        "config": sweep.config,
        "seeds": sweep.seeds,
        "folds": sweep.folds,
        "clips": clips,
        "steps": steps,
        "first": first,
        "rows": rows,
        "runs": {row: [_plain(run) for run in each] for row, each in runs.items()},
        "signatures": {name: list(each) for name, each in signatures.items()},
    }


def against(
    base: Sequence[SeedRun], rows: Mapping[str, Sequence[SeedRun]]
) -> dict[str, dict[str, dict[str, float]]]:
    """{row: {score: row - base, its interval, p and p corrected for all tests}}; without p where there is one seed."""
    if len(base) < 2 or any(len(runs) < 2 for runs in rows.values()):
        return {
            row: {
                name: change
                for name, values in base[0].clips.items()
                if (change := difference(values, runs[0].clips.get(name)))
            }
            for row, runs in rows.items()
        }
    tests: list[tuple[str, SeedComparison]] = [
        (row, comparison) for row, runs in rows.items() for comparison in compare_seeds(base, runs)
    ]
    corrected = holm([comparison.p for _, comparison in tests])
    changes: dict[str, dict[str, dict[str, float]]] = {}
    for (row, comparison), p in zip(tests, corrected, strict=True):
        one = replace(comparison, holm=p)
        changes.setdefault(row, {})[one.name] = {
            "difference": one.difference,
            "difference_low": one.low,
            "difference_high": one.high,
            "p": one.p,
            "holm": one.holm,
        }
    return changes


def sure(cell: Mapping[str, Any]) -> bool:
    """Whether a difference is larger than what other seeds and clips would make of it, among all tests of its table."""
    return bool(cell.get("holm", 1.0) < LEVEL)


def write_table(sweep: Sweep) -> Path:
    """table.json, table.csv and table.md in the sweep's folder; returns the last."""
    data = table(sweep)
    names = list(dict.fromkeys(name for row in data["rows"].values() for name in row))
    lines = [f"| row | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    columns = ["mean", "std", "low", "high", "difference", "difference_low", "difference_high", "p", "holm"]
    csv = ["row,score,mean,std_over_seeds,low,high,difference,difference_low,difference_high,p,p_holm"]
    for row, cells in data["rows"].items():
        lines.append(f"| {row} | {' | '.join(shown(cells[n]) if n in cells else '' for n in names)} |")
        for name, cell in cells.items():
            numbers = [cell.get(column) for column in columns]
            csv.append(",".join([row, name, *("" if n is None else f"{n:.6f}" for n in numbers)]))
    lines += ["", *_legend(data), ""]
    every = dict.fromkeys(signature for each in data["signatures"].values() for signature in each)
    lines += [f"- {signature}" for signature in every]
    write_json(sweep.out / "table.json", data)
    write_text(sweep.out / "table.csv", "\n".join(csv) + "\n")
    write_text(sweep.out / "table.md", "\n".join(lines) + "\n")
    return sweep.out / "table.md"


def shown(cell: Mapping[str, Any], digits: int = 4) -> str:
    """A score as a table has it: mean, spread over seeds, interval, and a star for a difference beyond chance."""
    spread = "" if cell["std"] is None else f" ± {cell['std']:.{digits}f}"
    around = "" if cell["low"] is None else f" [{cell['low']:.{digits - 1}f}, {cell['high']:.{digits - 1}f}]"
    return f"{cell['mean']:.{digits}f}{spread}{around}{' *' if sure(cell) else ''}"


def _legend(data: Mapping[str, Any]) -> list[str]:
    folds = f", {counted(data['folds'], 'fold')}" if data["folds"] else ""
    budget = " to ".join(dict.fromkeys(str(n) for n in (data["steps"][0], data["steps"][-1])))
    if data["seeds"] == 1:
        marks = (
            "[] is a 95 % bootstrap interval over clips, of scores that are means of clips. One seed: nothing is "
            "known of what another seed would give, and no difference is tested."
        )
    else:
        marks = (
            "± is the standard deviation over seeds, [] a 95 % interval over seeds and clips (of scores that are "
            f"no means of clips, over seeds alone), * a difference from {data['first']} with p < {LEVEL} over both, "
            "corrected for all tests of this table (Holm)."
        )
    seeds, clips = counted(data["seeds"], "seed"), f"{data['clips']} clips"
    return [
        f"{data['config']}: {seeds}{folds}, {clips}; budget: {budget} steps a run; {data['machine']}.",
        marks,
    ]


def difference(a: Mapping[str, float] | None, b: Mapping[str, float] | None) -> dict[str, float]:
    """B - A over the clips of both, with a 95 % paired bootstrap interval."""
    both = [clip for clip in a or {} if clip in (b or {})]
    if not a or not b or not both:
        return {}
    deltas = np.array([b[clip] - a[clip] for clip in both])
    low, high = _bootstrap(deltas)
    return {"difference": float(deltas.mean()), "difference_low": low, "difference_high": high}


def _cells(runs: Sequence[SeedRun]) -> Cells:
    """{score: mean, std over seeds, low, high} of a row."""
    names = [name for name in runs[0].values if all(name in run.values for run in runs)]
    intervals = seed_intervals(runs) if len(runs) > 1 else {}
    cells: Cells = {}
    for name in names:
        values = [run.values[name] for run in runs]
        clips = list(runs[0].clips.get(name, {}).values())
        low, high = intervals.get(name, (None, None))
        if len(runs) == 1 and clips and math.isclose(statistics.fmean(clips), values[0], abs_tol=1e-6):
            low, high = _bootstrap(np.array(clips))
        std = statistics.stdev(values) if len(values) > 1 else None
        cells[name] = {"mean": statistics.fmean(values), "std": std, "low": low, "high": high}
    return cells


def _bootstrap(values: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    chance = np.random.default_rng(0)
    means = values[chance.integers(0, len(values), (draws, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _budget(sweep: Sweep) -> tuple[str, list[int], list[str]]:
    """What the runs of a sweep were scored on, the steps they took, and the machines; all of them must be done."""
    clips: dict[str, None] = {}
    machines: dict[str, None] = {}
    steps: set[int] = set()
    for cell in sweep.cells():
        run = RunFolder(sweep.out / cell.name)
        if not run.scores(sweep.split).is_file():
            raise UserError(
                f"{cell.name} has no scores yet", hint="run the sweep again: it goes on where it stopped"
            )
        clips[str(run_scores(run, sweep.split).get("clips", ""))] = None
        steps.add(max((int(scalar.step) for scalar in scalars.read(run.scalars)), default=0))
        machines[str(run.read(run.meta).get("machine", "not recorded"))] = None
    return ", ".join(clips), sorted(steps), list(machines)


def _plain(run: SeedRun) -> dict[str, Any]:
    return {"seed": run.seed, "values": dict(run.values), "clips": {n: dict(c) for n, c in run.clips.items()}}
