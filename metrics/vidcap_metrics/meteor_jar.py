"""METEOR 1.5 as the jar in pycocoevalcap computes it: what our own is compared with. Needs Java."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from vidcap_metrics.errors import UserError

OPTIONS = ("-Xmx2G", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm")
BAR = " ||| "


class JarMeteor:
    """One running jar. Counts are the jar's own line of numbers."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("pycocoevalcap")
        java = shutil.which("java")
        if java is None or spec is None or not spec.submodule_search_locations:
            raise UserError("METEOR's jar needs Java and pycocoevalcap", hint="--meteor python needs neither")
        folder = Path(spec.submodule_search_locations[0]) / "meteor"
        self._process = subprocess.Popen(
            [java, *OPTIONS],
            cwd=folder,
            text=True,
            encoding="utf-8",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def prepare_all(self, sentences: Iterable[str]) -> None:
        """Nothing: the jar looks up each sentence by itself."""

    def stats(self, hypothesis: str, references: Sequence[str]) -> str:
        """Counts of one tokenised caption against its references."""
        self._write(BAR.join(["SCORE", *references, hypothesis.replace("|||", "").replace("  ", " ")]))
        return self._read()

    def segment_score(self, stats: str) -> float:
        """The score of one segment."""
        return self.aggregate([stats])

    def aggregate(self, stats: Sequence[str]) -> float:
        """The score of many segments together, which is not their mean."""
        self._write(BAR.join(["EVAL", *stats]))
        for _ in stats:
            self._read()
        return float(self._read())

    def close(self) -> None:
        """End the jar."""
        self._process.communicate()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise UserError("the METEOR jar has stopped", hint="--meteor python needs no Java")
        return line.strip()
