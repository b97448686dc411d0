"""Distilled captions: what a teacher wrote of the training clips, in place of what people said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.api import AnyDataset, DataError, Missing, Sample

HOW = "vidcap run CONFIG test --split train --work-dir RUN, of the teacher"


class TeacherCaptions:
    """The sample with its teacher's caption: one text a clip is easier to write at once than many.

    predictions: the file that scoring the teacher on the training clips wrote, `predictions-train.json` of its run.
    share: of samples that get it; the others keep what people said.
    """

    def __init__(self, predictions: str, share: float = 1.0) -> None:
        self.path, self.share = Path(predictions).expanduser(), share
        if not 0 <= share <= 1:
            raise DataError(f"TeacherCaptions: share={share} must lie in [0, 1]")
        self._texts: dict[str, str] | None = None

    @classmethod
    def missing(cls, predictions: str, **_: Any) -> Iterator[Missing]:
        """The teacher's captions."""
        if not Path(predictions).expanduser().is_file():
            yield Missing("captions of a teacher", f"predictions={predictions!r}", HOW)

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        """The sample with the teacher's text."""
        if rng.random() >= self.share:
            return sample
        if self._texts is None:
            self._texts = _read(self.path)
        if sample.clip.id not in self._texts:
            raise DataError(f"{self.path} has no caption of the clip '{sample.clip.id}'", hint=HOW)
        return replace(sample, text=self._texts[sample.clip.id])


def _read(path: Path) -> dict[str, str]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {str(row["id"]): str(row["text"]) for row in rows}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: no captions of a teacher can be read: {error}", hint=HOW) from error
