"""Fixtures of the metric tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import Annotations, read_predictions, read_references
from vidcap_metrics.pair_meteor import load


@dataclass(frozen=True)
class Golden:
    """Fifty videos with two annotators, for which the official scripts' values are known."""

    predictions: dict[str, tuple[Event, ...]]
    annotators: list[Annotations]

    @property
    def files(self) -> list[dict[str, tuple[Event, ...]]]:
        """Events by annotator."""
        return [one.events for one in self.annotators]

    @property
    def durations(self) -> dict[str, float]:
        """Seconds by clip; both annotators say the same."""
        return self.annotators[0].durations

    def without_first_five(self) -> dict[str, tuple[Event, ...]]:
        """Predictions that lack five clips."""
        return {clip: self.predictions[clip] for clip in sorted(self.predictions)[5:]}


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> Golden:
    """The golden set of dense captioning, which lies next to the real data."""
    folder = shared_data.parent / "golden" / "dense_g50"
    if not folder.is_dir():
        pytest.skip(f"needs the golden set {folder}")
    predictions = read_predictions(folder / "predictions.json").events
    return Golden(predictions, [read_references(folder / f"references_{n}.json")[0] for n in (1, 2)])


@pytest.fixture(scope="session", params=["python", "java"])
def meteor(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Our METEOR, and the jar where Java is installed."""
    if request.param == "java" and not shutil.which("java"):
        pytest.skip("Java is not installed")
    engine = load(request.param)
    yield engine
    if request.param == "java":
        engine.close()
