"""ActivityNet files in and out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics.errors import DataError
from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import read_predictions, read_references


def test_results(tmp_path: Path) -> None:
    """Texts as they are; a clip without events stays."""
    told = {
        "v_a": [
            {"sentence": "A d\u00f6g, runs.", "timestamp": [0.0, 12.35]},
            {"sentence": "It sits.", "timestamp": [3, 4]},
        ],
        "v_b": [],
    }
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"version": "VERSION 1.0", "external_data": {}, "results": told}))
    assert read_predictions(file).events == {
        "v_a": (Event(0.0, 12.35, "A d\u00f6g, runs."), Event(3.0, 4.0, "It sits.")),
        "v_b": (),
    }


def test_references_plain_and_compressed(tmp_path: Path) -> None:
    """The same annotations either way."""
    data = {"v_a": {"duration": 9.5, "timestamps": [[0, 4], [4, 9.5]], "sentences": ["One.", " Two."]}}
    plain, packed = tmp_path / "val.json", tmp_path / "val.json.gz"
    plain.write_text(json.dumps(data))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_references(plain) == read_references(packed)
    [annotations] = read_references(plain)
    assert annotations.durations == {"v_a": 9.5}
    assert annotations.events == {"v_a": (Event(0, 4, "One."), Event(4, 9.5, " Two."))}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "holds no clips"),
        ({"v": [1]}, 'no "results" by clip'),
        ({"results": {"v": {}}}, "events of clip 'v' are no list"),
        ({"results": {"v": [{"sentence": "a"}]}}, "is no event"),
        ({"results": {"v": [{"sentence": 3, "timestamp": [0, 1]}]}}, "clip 'v' has the sentence 3"),
        ({"results": {"v": [{"sentence": "a", "timestamp": [0]}]}}, "clip 'v' has the timestamp"),
        ({"results": {"v": [{"sentence": "a", "timestamp": [0, "1"]}]}}, "clip 'v' has the timestamp"),
    ],
)
def test_bad_results(tmp_path: Path, data: Any, message: str) -> None:
    """Every error names the file and what is wrong in it."""
    file = tmp_path / "results.json"
    file.write_text(json.dumps(data))
    with pytest.raises(DataError, match=message) as caught:
        read_predictions(file)
    assert str(file) in str(caught.value)


def test_bad_files(tmp_path: Path) -> None:
    """No file, no JSON, a clip with fewer sentences than times, a clip that is something else."""
    with pytest.raises(DataError, match="No such file"):
        read_references(tmp_path / "absent.json")
    file = tmp_path / "val.json"
    file.write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        read_references(file)
    file.write_text(json.dumps({"v": {"timestamps": [[0, 1]], "sentences": []}}))
    with pytest.raises(DataError, match="1 timestamps and 0 sentences"):
        read_references(file)
    file.write_text(json.dumps({"v": ["a caption"]}))
    with pytest.raises(DataError, match="no timestamps and sentences"):
        read_references(file)


def test_a_clip_twice_is_refused(tmp_path: Path) -> None:
    """JSON would silently keep the last one."""
    file = tmp_path / "results.json"
    file.write_text('{"results": {"v": [], "w": [], "v": []}}')
    with pytest.raises(DataError, match="'v' comes more than once"):
        read_predictions(file)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "0", "-3", '"9"', "null", "true", "1" + "0" * 400])
def test_durations_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "val.json"
    file.write_text(f'{{"v": {{"duration": {text}, "timestamps": [[0, 4]], "sentences": ["a"]}}}}')
    with pytest.raises(DataError, match="clip 'v' has the duration"):
        read_references(file)


@pytest.mark.parametrize("text", ["[0, NaN]", "[0, 1e999]", "[0, 1" + "0" * 400 + "]", "3"])
def test_times_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "val.json"
    file.write_text(f'{{"v": {{"timestamps": [{text}], "sentences": ["a"]}}}}')
    with pytest.raises(DataError, match="clip 'v' has the timestamp"):
        read_references(file)
