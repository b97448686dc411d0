"""SPICE (Anderson et al., 2016) through pycocoevalcap's Java program, where it and the parser's models are there."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vidcap_metrics.errors import UserError
from vidcap_metrics.metric import Values

PROGRAM = "spice-1.0.jar"
MODELS = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")
SOURCE = "http://nlp.stanford.edu/software/stanford-corenlp-full-2015-12-09.zip"


class Spice:
    """F-score over scene-graph tuples. Optional: without Java or the models it refuses, it never says 0.

    models: a folder with the two jars of the parser; None: where pycocoevalcap puts them.
    memory: of Java, as its -Xmx takes it.
    """

    name = "spice"
    version = "pycocoevalcap"

    def __init__(self, models: str | Path | None = None, memory: str = "8G") -> None:
        self.models = Path(models).expanduser() if models is not None else None
        self.memory = memory

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The references as they are, once everything it takes is known to be there."""
        class_path(self.models)
        return {clip: list(lines) for clip, lines in references.items()}

    def score(self, prepared: dict[str, list[str]], predictions: Mapping[str, str]) -> Values:
        """Mean over clips; 0 over none, for which Java need not start."""
        if not predictions:
            return Values({"SPICE": 0.0}, {"SPICE": {}})
        rows = [
            {"image_id": clip, "test": text, "refs": prepared[clip]} for clip, text in predictions.items()
        ]
        scores = {str(row["image_id"]): _number(row["scores"]["All"]["f"]) for row in self._run(rows)}
        clips = {clip: scores.get(clip, math.nan) for clip in predictions}
        broken = [clip for clip, value in clips.items() if math.isnan(value)]
        if broken:
            raise UserError(
                f"SPICE gave no number for {len(broken)} clips, first '{broken[0]}'", hint="leave spice out"
            )
        return Values({"SPICE": sum(clips.values()) / len(clips)}, {"SPICE": clips})

    def _run(self, rows: list[dict[str, Any]]) -> Any:
        """What the program writes of its input; files lie in a folder of their own, and nothing is left."""
        with TemporaryDirectory() as folder:
            given, made = Path(folder) / "in.json", Path(folder) / "out.json"
            given.write_text(json.dumps(rows), encoding="utf-8")
            command = [
                "java",
                f"-Xmx{self.memory}",
                "-cp",
                class_path(self.models),
                "edu.anu.spice.SpiceScorer",
            ]
            command += [str(given), "-out", str(made), "-subset", "-silent"]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode or not made.is_file():
                lines = result.stderr.strip().splitlines() or ["it wrote no scores"]
                raise UserError(f"SPICE's program failed: {lines[0]}", hint="leave spice out of --metrics")
            return json.loads(made.read_text(encoding="utf-8"))


def class_path(models: Path | None = None) -> str:
    """Java's path to program and models; where something is missing, an error that says what."""
    if not shutil.which("java"):
        raise UserError(
            "SPICE needs Java, and there is none on the PATH", hint="leave spice out of --metrics"
        )
    spec = importlib.util.find_spec("pycocoevalcap.spice")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "SPICE needs pycocoevalcap, which brings its program", hint="pip install pycocoevalcap"
        )
    program = Path(spec.submodule_search_locations[0])
    folder = models or program / "lib"
    missing = [str(program / PROGRAM)] if not (program / PROGRAM).is_file() else []
    missing += [str(folder / name) for name in MODELS if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"SPICE needs {' and '.join(missing)}",
            hint=f"unpack {', '.join(MODELS)} of {SOURCE} into a folder, and --set spice.models=FOLDER",
        )
    return os.pathsep.join([str(folder / "*"), str(program / PROGRAM), str(program / "lib" / "*")])


def _number(value: object) -> float:
    """The program writes numbers, or "NaN" as a text."""
    try:
        return float(str(value))
    except ValueError:
        return math.nan
