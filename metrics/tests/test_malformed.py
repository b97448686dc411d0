"""Five hundred files as they should not be: no traceback, and no number that is not the file's own."""

from __future__ import annotations

import gzip
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics.errors import UserError
from vidcap_metrics.evaluate import Options, score
from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import read_predictions
from vidcap_metrics.located import Localisation
from vidcap_metrics.scorer import Scorer

pytestmark = pytest.mark.filterwarnings("ignore::vidcap_metrics.scorer.ScoreWarning")
MADE = runpy.run_path(str(Path(__file__).parent / "malformed.py"))
CAPTIONS, CLIPS, EVENTS = (MADE[name] for name in ("CAPTIONS", "CLIPS", "EVENTS"))
HALF = 250
REFERENCES = {clip: [text, "a man and a dog"] for clip, text in CAPTIONS.items()}


def caption_values(predictions: dict[str, str]) -> dict[str, float]:
    return Scorer(REFERENCES, ["bleu"]).score(predictions).values


def event_values(predictions: dict[str, Any]) -> dict[str, float]:
    files = {
        clip: tuple(Event(*map(float, event["timestamp"]), event["sentence"]) for event in events)
        for clip, events in predictions.items()
    }
    true = {clip: (Event(0, 5, ""), Event(5, 12, "")) for clip in CLIPS}
    return Localisation().scorer([true], dict.fromkeys(CLIPS, 20.0)).score(files).values


def text_of(one: Any) -> str:
    return (gzip.decompress(one.data) if one.name.endswith(".gz") else one.data).decode()


def check(
    one: Any, found: Callable[[], dict[str, float]], sound: Any, held: Callable[[], dict[str, float]]
) -> None:
    """Refused as a user's fault, or the sound file's values, or those of what the damaged file holds."""
    values, refused = None, ""
    try:
        values = found()
    except UserError as error:
        refused = str(error)
    if refused:
        assert one.must != "same", refused
        assert len(refused) < 2000
    else:
        assert one.must != "refuse", (one.data[:200], values)
        assert values == (sound if one.must == "same" else held())


def test_enough_files_of_each_kind() -> None:
    """The draw reaches what must be refused, what must score, and what may do either."""
    for made in (MADE["malformed_captions"](1, HALF), MADE["malformed_events"](2, HALF)):
        kinds = [one.must for one in made]
        assert min(kinds.count(kind) for kind in ("refuse", "same", "either")) > 20


def test_captions(tmp_path: Path) -> None:
    (tmp_path / "references.json").write_text(json.dumps(REFERENCES))
    sound = caption_values(CAPTIONS)
    for one in MADE["malformed_captions"](1, HALF):
        path = tmp_path / one.name
        path.write_bytes(one.data)
        check(
            one,
            lambda path=path: (
                score(path, [tmp_path / "references.json"], Options(metrics=["bleu"])).scores.values
            ),
            sound,
            lambda one=one: caption_values(
                {str(row["image_id"]): row["caption"] for row in json.loads(text_of(one))}
            ),
        )


def test_events(tmp_path: Path) -> None:
    true = {clip: {"duration": 20, "timestamps": [[0, 5], [5, 12]], "sentences": ["", ""]} for clip in CLIPS}
    (tmp_path / "references.json").write_text(json.dumps(true))
    sound = event_values(EVENTS)
    for one in MADE["malformed_events"](2, HALF):
        path = tmp_path / one.name
        path.write_bytes(one.data)
        check(
            one,
            lambda path=path: (
                score(path, [tmp_path / "references.json"], Options(metrics=["localisation"])).scores.values
            ),
            sound,
            lambda one=one: event_values(json.loads(text_of(one))["results"]),
        )


@pytest.mark.parametrize(
    "entry",
    [
        {"timestamps": 7, "sentences": ["a"]},
        {"timestamps": [[0, 1]], "sentences": "a"},
        {"timestamps": [[0, 1]], "sentences": None},
        {"timestamps": {"0": 1}, "sentences": ["a"]},
        {"timestamps": [[0, 1]], "sentences": ["a"], "duration": "long"},
        {"timestamps": [[0, 1]], "sentences": ["a"], "duration": None},
        {"timestamps": [[0, 1]], "sentences": ["a"], "duration": [9]},
        {"timestamps": [[0, 1]], "sentences": ["a"], "duration": 10**400},
        {"timestamps": [[0, 10**400]], "sentences": ["a"]},
        {"timestamps": [[0, 1]], "sentences": ["a"], "duration": float("nan")},
    ],
)
def test_references_with_times(tmp_path: Path, entry: Any) -> None:
    """References are refused as predictions are."""
    (tmp_path / "references.json").write_text(json.dumps({CLIPS[0]: entry}))
    (tmp_path / "p.json").write_text(json.dumps({"results": {CLIPS[0]: EVENTS[CLIPS[0]]}}))
    with pytest.raises(UserError):
        score(tmp_path / "p.json", [tmp_path / "references.json"], Options(metrics=["localisation"]))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        read_predictions(tmp_path)
