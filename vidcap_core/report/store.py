"""Predictions, references and panels of a run folder, as files of plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidcap_core.errors import UserError
from vidcap_core.report.panels import plain, to_plain
from vidcap_core.types import Event, Prediction


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


def references_data(dataset: Any) -> dict[str, list[Any]]:
    """What people said of each clip: texts, or events where the dataset has more than one a clip.

    Events of several annotators stay apart: a list of lists.
    """
    events = dataset.events() if hasattr(dataset, "events") else {}
    if any(_is_dense(value) for value in events.values()):
        return {clip: plain(value) for clip, value in events.items()}
    return {clip: list(texts) for clip, texts in dataset.references().items()}


def write(folder: Path, split: str, predictions: Sequence[Prediction], dataset: Any) -> None:
    """`panels-SPLIT.json` and `references-SPLIT.json`, beside the predictions of a run."""
    for name, data in (("panels", panels_data(predictions)), ("references", references_data(dataset))):
        path = folder / f"{name}-{split}.json"
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps(data, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        part.replace(path)


def read(path: Path, missing: Any = None) -> Any:
    """Data of a run folder; `missing` where there is no such file."""
    if not path.is_file():
        return missing
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{path} is not JSON: {error}", hint="the test step again, which writes it anew"
        ) from error


def reference_tracks(value: Sequence[Any]) -> tuple[list[str], list[list[Event]]]:
    """References as texts and as one list of events per annotator, whichever they are."""
    if not value or isinstance(value[0], str):
        return list(value), []
    tracks = [value] if isinstance(value[0], Mapping) else list(value)
    return [], [[Event(**{**event, "score": event.get("score")}) for event in track] for track in tracks]


def _is_dense(value: Sequence[Any]) -> bool:
    """More than one event a clip, or a list of events per annotator."""
    return bool(value) and (len(value) > 1 or not isinstance(value[0], Event))
