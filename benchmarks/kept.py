"""What a table needs of a finished run, as one small file that goes into the repository: scores, steps, machine.

So a table that takes nights goes on from wherever its rows are kept, on another machine too. A file holds the hash of
the config that made it: where that has changed since, the file is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from vidcap_core.config.files import load_config
from vidcap_core.engine.sweep import Cell, Sweep
from vidcap_core.errors import DataError
from vidcap_core.saved.run import RunFolder
from vidcap_core.saved.sweep_scores import DONE, run_scores
from vidcap_metrics.files.atomic import write_json, write_text

OF_CLIPS = ("ROUGE-L", "CIDEr-D")
"""Scores that are means over clips: only of these a table reads each clip's value."""
DIGITS = 5


def keep(sweep: Sweep, folder: Path) -> None:
    """A file for each finished run that has none yet."""
    for cell in sweep.cells():
        file, run = folder / f"{cell.name}.json", RunFolder(sweep.out / cell.name)
        if file.is_file() or not (run.path / DONE).is_file():
            continue
        scores = run_scores(run, sweep.split)
        clips = {
            name: {clip: round(value, DIGITS) for clip, value in scores["per_clip"][name].items()}
            for name in OF_CLIPS
            if name in scores["per_clip"]
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "recipe": _recipe(sweep, cell),
            "done": run.read(run.path / DONE),
            "meta": {"machine": run.read(run.meta).get("machine", "not recorded")},
            "scalars": json.loads(run.scalars.read_text(encoding="utf-8").splitlines()[-1]),
            "scores": {**scores, "per_clip": clips},
        }
        write_text(file, json.dumps(kept, separators=(",", ":")) + "\n")


def restore(sweep: Sweep, folder: Path) -> int:
    """Run folders of what is kept, as far as the sweep reads them; how many runs that were."""
    count = 0
    for cell in sweep.cells():
        file, run = folder / f"{cell.name}.json", RunFolder(sweep.out / cell.name)
        if not file.is_file() or (run.path / DONE).is_file():
            continue
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if kept["recipe"] != _recipe(sweep, cell):
            raise DataError(
                f"{file} was made by another config than {sweep.config} is today",
                hint="delete it, and the run is made again",
            )
        run.path.mkdir(parents=True, exist_ok=True)
        write_json(run.scores(sweep.split), kept["scores"])
        write_json(run.meta, kept["meta"])
        write_text(run.scalars, json.dumps(kept["scalars"]) + "\n")
        write_json(run.path / DONE, kept["done"])  # last: without it a run counts as not done
        count += 1
    return count


def _recipe(sweep: Sweep, cell: Cell) -> str:
    config = load_config(sweep.config, cell.changes)
    said = json.dumps([config, sweep.split], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
