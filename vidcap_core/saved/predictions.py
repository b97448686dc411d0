"""Predictions, references and panels of a run folder, as files of plain data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.panels import plain, to_plain
from vidcap_core.contracts.types import Event, Prediction
from vidcap_core.errors import UserError
from vidcap_core.files.json_text import loads
from vidcap_core.saved.shape import check
from vidcap_metrics.files.atomic import write_text


def prediction_data(prediction: Prediction) -> dict[str, Any]:
    """A prediction as data: clip, text, events with their words, streams that were there."""
    events = [asdict(event) for event in prediction.events]
    for event, words in zip(events, prediction.extras.get("words", []), strict=False):
        event["words"] = words
    clip = prediction.clip
    start, end = clip.span
    data: dict[str, Any] = {"id": clip.id, "text": prediction.text, "path": clip.path, "span": [start, end]}
    data |= {"events": events, "streams": list(prediction.extras.get("streams", []))}
    if "n_best" in prediction.extras:
        data["n_best"] = prediction.extras["n_best"]
    return data


def panels_data(predictions: Iterable[Prediction]) -> dict[str, list[dict[str, Any]]]:
    """The panels of the clips that have some, by clip."""
    shown = {p.clip.id: [to_plain(panel) for panel in p.extras.get("panels", ())] for p in predictions}
    return {clip: panels for clip, panels in shown.items() if panels}


def references_data(dataset: Dataset) -> dict[str, list[Any]]:
    """What people said of each clip: texts, or where the dataset has more than one event a clip, events.

    Events are lists, one an annotator: `{clip: [[{"start", "end", "text", "score"}, ...], ...]}`.
    """
    tracks = _tracks(dataset)
    if not any(len(events) > 1 for track in tracks for events in track.values()):
        return {clip: list(texts) for clip, texts in dataset.references().items()}
    clips = dict.fromkeys(clip for track in tracks for clip in track)
    return {
        clip: [[_exact(event) for event in track[clip]] for track in tracks if clip in track]
        for clip in clips
    }


def _exact(event: Event) -> dict[str, Any]:
    """An event as data, with its times to the last digit: the file may be scored against."""
    times = {"start": float(event.start), "end": float(event.end)}
    return {**plain(event), **{name: time for name, time in times.items() if math.isfinite(time)}}


def write(folder: Path, split: str, predictions: Sequence[Prediction], dataset: Dataset) -> None:
    """`panels-SPLIT.json` and `references-SPLIT.json`, beside the predictions of a run."""
    for name, data in (("panels", panels_data(predictions)), ("references", references_data(dataset))):
        write_text(folder / f"{name}-{split}.json", json.dumps(data, ensure_ascii=False, allow_nan=False))


AGAIN = "the test step again: it writes this file again"


def read(path: Path, missing: object = None, shape: object = object) -> Any:
    """Data of a run folder, of this shape; `missing` where there is no such file."""
    if not path.is_file():
        return missing
    try:
        data = loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}", hint=AGAIN) from error
    check(data, shape, str(path), AGAIN)
    return data


def reference_tracks(value: Sequence[Any]) -> tuple[list[str], list[list[Event]]]:
    """References as texts, or as one list of events per annotator."""
    if not value or isinstance(value[0], str):
        return list(value), []
    return [], [[Event(**event) for event in track] for track in value]


def _tracks(dataset: Dataset) -> Sequence[Mapping[str, Sequence[Event]]]:
    """A dataset's events, one mapping an annotator; none where their times were dropped."""
    return () if getattr(dataset, "weak", False) else dataset.events()
