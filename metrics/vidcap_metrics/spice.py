"""SPICE (Anderson et al., 2016) through pycocoevalcap's Java program, where it and its models are there."""

from __future__ import annotations

import importlib.util
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from vidcap_metrics.errors import UserError
from vidcap_metrics.metric import Values

NEEDED = ("spice-1.0.jar", "lib/stanford-corenlp-3.6.0.jar", "lib/stanford-corenlp-3.6.0-models.jar")


class Spice:
    """F-score over scene-graph tuples. Optional: without Java or the models it refuses, it never says 0."""

    name = "spice"
    version = "pycocoevalcap"

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The references as they are, once everything it takes is known to be there."""
        check()
        return {clip: list(lines) for clip, lines in references.items()}

    def score(self, prepared: dict[str, list[str]], predictions: Mapping[str, str]) -> Values:
        """Mean over clips; 0 over none, for which Java need not start."""
        if not predictions:
            return Values({"SPICE": 0.0}, {"SPICE": {}})
        from pycocoevalcap.spice.spice import Spice as JavaSpice

        _, details = JavaSpice().compute_score(prepared, {clip: [text] for clip, text in predictions.items()})
        # pycocoevalcap returns the clips in the order of their sorted ids.
        clips = {
            clip: float(detail["All"]["f"]) for clip, detail in zip(sorted(prepared), details, strict=True)
        }
        broken = [clip for clip, value in clips.items() if math.isnan(value)]
        if broken:
            raise UserError(
                f"SPICE gave no number for {len(broken)} clips, first '{broken[0]}'", hint="leave spice out"
            )
        return Values({"SPICE": sum(clips.values()) / len(clips)}, {"SPICE": clips})


def check() -> None:
    """Say what is missing."""
    if not shutil.which("java"):
        raise UserError(
            "SPICE needs Java, and there is none on the PATH", hint="leave spice out of --metrics"
        )
    spec = importlib.util.find_spec("pycocoevalcap.spice")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    missing = [name for name in NEEDED if folder is None or not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"SPICE needs {', '.join(missing)} in {folder or 'pycocoevalcap/spice'}",
            hint='python -c "from pycocoevalcap.spice.get_stanford_models import *; get_stanford_models()"',
        )
