"""Six hundred files as they should not be, at the command: no traceback, no number that is not the file's own."""

from __future__ import annotations

import gzip
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics.cli.main import WRONG_INPUT, main
from vidcap_metrics.errors import UserError
from vidcap_metrics.evaluate import Options, score
from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import read_predictions
from vidcap_metrics.located import Localisation
from vidcap_metrics.scorer import Scorer

pytestmark = pytest.mark.filterwarnings("ignore::vidcap_metrics.scorer.ScoreWarning")
MADE = runpy.run_path(str(Path(__file__).parent / "malformed.py"))
CAPTIONS, CLIPS, EVENTS = (MADE[name] for name in ("CAPTIONS", "CLIPS", "EVENTS"))
HALF = 300
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


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Refused as a user's fault, or the sound file's values, or those of what the damaged file holds."""

    def checked(one: Any, metric: str, sound: Any, held: Callable[[], dict[str, float]]) -> None:
        path = tmp_path / one.name
        path.write_bytes(one.data)
        files = [str(path), str(tmp_path / "references.json")]
        assert main([*files, "--missing", "zero"]) in (0, WRONG_INPUT), capsys.readouterr().err
        capsys.readouterr()
        code = main([*files, "--metrics", metric, "--json"])
        told = capsys.readouterr()
        if code == WRONG_INPUT:
            assert one.must != "same", told.err
            assert told.err.startswith("error: ")
            assert len(told.err) < 2000
            assert not told.out
        else:
            assert code == 0, told.err
            values = json.loads(told.out)["values"]
            assert one.must != "refuse", (one.data[:200], values)
            assert values == (sound if one.must == "same" else held())

    return checked


def test_enough_files_of_each_kind() -> None:
    """The draw reaches what must be refused, what must score, and what may do either."""
    for made in (MADE["malformed_captions"](1, HALF), MADE["malformed_events"](2, HALF)):
        kinds = [one.must for one in made]
        assert min(kinds.count(kind) for kind in ("refuse", "same", "either")) > 20


def test_captions(tmp_path: Path, check: Callable[..., None]) -> None:
    (tmp_path / "references.json").write_text(json.dumps(REFERENCES))
    sound = caption_values(CAPTIONS)
    for one in MADE["malformed_captions"](1, HALF):
        check(
            one,
            "bleu",
            sound,
            lambda one=one: caption_values(
                {str(row["image_id"]): row["caption"] for row in json.loads(text_of(one))}
            ),
        )


def test_events(tmp_path: Path, check: Callable[..., None]) -> None:
    true = {clip: {"duration": 20, "timestamps": [[0, 5], [5, 12]], "sentences": ["", ""]} for clip in CLIPS}
    (tmp_path / "references.json").write_text(json.dumps(true))
    sound = event_values(EVENTS)
    for one in MADE["malformed_events"](2, HALF):
        check(one, "localisation", sound, lambda one=one: event_values(json.loads(text_of(one))["results"]))


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
