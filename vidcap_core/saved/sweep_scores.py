"""What the runs of a finished sweep scored: seed by seed, so that rows can be compared."""

from __future__ import annotations

import difflib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_core.errors import DataError, UserError
from vidcap_core.saved.foreign import read_dict
from vidcap_core.saved.run import RunFolder
from vidcap_core.saved.shape import SCORES, check
from vidcap_metrics.seeds import SeedScores

DONE = "done.json"
"""A file in the folder of each finished run of a sweep: its row, seed and fold."""
AGAIN = "delete it, and run the sweep again"


@dataclass(frozen=True)
class SeedRun(SeedScores):
    """The scores of one seed of a row: values are means over its folds, clips those of all folds."""

    seed: int
    signatures: Mapping[str, frozenset[str]] = field(default_factory=dict)


def sweep_scores(sweep: Path, split: str) -> dict[str, list[SeedRun]]:
    """The seeds of every row, in the order of seeds."""
    folds: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for file in sorted(sweep.glob(f"*/{DONE}")):
        done = read_dict(file, hint=AGAIN)
        check(done, {"row": str, "seed": int}, str(file), AGAIN)
        run = RunFolder(file.parent)
        if not run.scores(split).is_file():
            raise DataError(
                f"{file.parent} has no scores of '{split}'", hint=f"--split, of: {', '.join(_splits(run))}"
            )
        folds.setdefault((done["row"], done["seed"]), []).append(run_scores(run, split))
    if not folds:
        raise DataError(
            f"{sweep} holds no finished run of a sweep",
            hint="vidcap sweep CONFIG --grid FILE --seeds N -o DIR",
        )
    rows: dict[str, list[SeedRun]] = {}
    for (row, seed), scores in sorted(folds.items()):
        rows.setdefault(row, []).append(_seed_run(seed, scores))
    return rows


def run_scores(run: RunFolder, split: str) -> dict[str, Any]:
    """The scores of a run; values that are null are left out."""
    file = run.scores(split)
    scores = read_dict(file, hint=AGAIN)
    check(scores, SCORES, str(file), AGAIN)
    per_clip = {name: _numbers(values) for name, values in scores["per_clip"].items()}
    return {**scores, "values": _numbers(scores["values"]), "per_clip": per_clip}


def row_of(rows: Mapping[str, list[SeedRun]], name: str) -> list[SeedRun]:
    """The seeds of one row."""
    if name not in rows:
        close = difflib.get_close_matches(name, rows, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"rows: {', '.join(rows)}"
        raise UserError(f"the sweep has no row '{name}'", hint=hint)
    return rows[name]


def check_signatures(a: Sequence[SeedRun], b: Sequence[SeedRun]) -> None:
    """Refuse rows whose numbers do not mean the same."""
    first, second = ({name: s for run in runs for name, s in run.signatures.items()} for runs in (a, b))
    for name in first:
        if name in second and first[name] != second[name]:
            raise DataError(
                f"{name} of the two rows does not mean the same: {', '.join(sorted(first[name]))} and "
                f"{', '.join(sorted(second[name]))}",
                hint="compare rows that were scored by the same metrics on the same clips",
            )


def _seed_run(seed: int, folds: Sequence[Mapping[str, Any]]) -> SeedRun:
    """Folds together; a value that one of them lacks is left out."""
    names = [name for name in folds[0]["values"] if all(name in fold["values"] for fold in folds)]
    clips: dict[str, dict[str, float]] = {name: {} for name in names}
    for fold in folds:
        for name in names:
            clips[name] |= fold["per_clip"].get(name, {})
    return SeedRun(
        {name: statistics.fmean(fold["values"][name] for fold in folds) for name in names},
        {name: values for name, values in clips.items() if values},
        seed,
        {name: frozenset(fold["signatures"].get(name, "") for fold in folds) for name in names},
    )


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _splits(run: RunFolder) -> list[str]:
    return sorted(file.stem.removeprefix("scores-") for file in run.path.glob("scores-*.json"))
