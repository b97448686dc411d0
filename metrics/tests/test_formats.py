"""Files of captions, good and bad."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics import formats
from vidcap_metrics.errors import DataError
from vidcap_metrics.formats import load_predictions, load_references


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


PREDICTIONS = {"1": "a man, running", "v2": "a dog"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("coco.json", [{"image_id": 1, "caption": "a man, running"}, {"image_id": "v2", "caption": "a dog"}]),
        (
            "video.json",
            [{"video_id": "1", "caption": "a man, running"}, {"video_id": "v2", "caption": "a dog"}],
        ),
        ("map.json", PREDICTIONS),
        ("lists.json", {"1": ["a man, running"], "v2": ["a dog"]}),
        ("records.json", {"1": [{"caption": "a man, running"}], "v2": [{"caption": "a dog"}]}),
        ("lines.jsonl", '{"clip": "1", "caption": "a man, running"}\n\n{"clip": "v2", "caption": "a dog"}\n'),
        ("comma.csv", "VideoID,EmCaptions\r\n1,a man, running\r\nv2,a dog\r\n"),
        ("quoted.csv", 'clip,caption\n1,"a man, running"\nv2,a dog\n'),
        ("more.csv", 'id,score,caption\n1,0.5,"a man, running"\nv2,0.1,a dog\n'),
        ("tab.tsv", "VideoID\tEmCaptions\n1\ta man, running\nv2\ta dog\n"),
        ("marked.json", "\ufeff" + json.dumps(PREDICTIONS)),
    ],
)
def test_predictions(tmp_path: Path, name: str, content: Any) -> None:
    assert load_predictions(written(tmp_path, name, content)) == PREDICTIONS


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\x0b", "\x1c"])
def test_a_line_ends_at_line_breaks_alone(tmp_path: Path, mark: str) -> None:
    """Captions may hold characters at which Python's splitlines would cut them."""
    text = f"a man{mark}runs"
    for name, content in (
        ("lines.jsonl", json.dumps({"clip": "1", "caption": text}, ensure_ascii=False) + "\r\n"),
        ("comma.csv", f"id,caption\r\n1,{text}\r\n"),
        ("tab.tsv", f"id\tcaption\n1\t{text}\n"),
    ):
        if name != "lines.jsonl" or mark > "\x1f":  # JSON has no bare control characters
            assert load_predictions(written(tmp_path, name, content)) == {"1": text}


REFERENCES = {"1": ["a man", "someone"], "v2": ["a dog"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "coco.json",
            {
                "images": [{"id": 1}],
                "annotations": [
                    {"image_id": 1, "id": 7, "caption": "a man"},
                    {"image_id": "v2", "id": 8, "caption": "a dog"},
                    {"image_id": 1, "id": 9, "caption": "someone"},
                ],
            },
        ),
        (
            "msrvtt.json",
            {
                "videos": [],
                "sentences": [
                    {"video_id": "1", "sen_id": 0, "caption": "a man"},
                    {"video_id": "1", "sen_id": 1, "caption": "someone"},
                    {"video_id": "v2", "sen_id": 2, "caption": "a dog"},
                ],
            },
        ),
        ("map.json", REFERENCES),
        ("lines.jsonl", '{"id": 1, "references": ["a man", "someone"]}\n{"id": "v2", "captions": ["a dog"]}'),
        ("flat.csv", "vid,caption\n1,a man\n1,someone\nv2,a dog\n"),
    ],
)
def test_references(tmp_path: Path, name: str, content: Any) -> None:
    assert load_references(written(tmp_path, name, content)) == REFERENCES


def test_compressed(tmp_path: Path) -> None:
    (tmp_path / "p.json.gz").write_bytes(gzip.compress(json.dumps(PREDICTIONS).encode()))
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr(
            "p.jsonl", '{"clip": "1", "caption": "a man, running"}\n{"clip": "v2", "caption": "a dog"}'
        )
    assert load_predictions(tmp_path / "p.json.gz") == load_predictions(tmp_path / "p.zip") == PREDICTIONS


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("e.json", "", "is empty"),
        ("e.jsonl", "\n\n", "is empty"),
        ("e.csv", " ", "is empty"),
        ("e.json", "{}", "has no predictions"),
        ("e.json", "[]", "has no predictions"),
        ("e.csv", "id,caption\n", "has no predictions"),
        ("b.json", '{"a": "x"', "line 1, column 10: not JSON"),
        ("b.jsonl", '{"id": 1, "caption": "x"}\n{', "line 2: not JSON"),
        ("b.json", "3", "int holds no captions"),
        ("t.json", '{"a": "x", "a": "y"}', "'a' comes more than once"),
        (
            "t.json",
            [{"id": 1, "caption": "x"}, {"id": "1", "caption": "y"}],
            "'1' has more than one prediction",
        ),
        ("t.json", {"a": ["x", "y"]}, "'a' has more than one prediction"),
        ("t.csv", "id,caption\na,x\na,y\n", "'a' has more than one prediction"),
        ("n.json", {"a": None}, "NoneType None, not text"),
        ("n.json", {"a": 7}, "int 7, not text"),
        ("n.json", {"a": []}, "empty list"),
        ("n.json", [{"id": 1}], "has id, but none of caption"),
        ("n.json", [{"caption": "x"}], "but none of image_id"),
        ("n.json", [{"id": None, "caption": "x"}], "the id is None"),
        ("n.json", ["x"], "is no record"),
        ("n.csv", "foo,bar\n1,2\n", "the header is 'foo,bar'"),
        ("n.csv", "id,score,caption\n1,2\n", "line 2: 2 fields, the header has 3"),
        ("d.json", {"results": {"v_1": []}}, "events with times"),
        ("d.json", {"v_1": {"timestamps": [], "sentences": []}}, "events with times"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: Any, words: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(DataError, match=words) as caught:
        load_predictions(path)
    assert str(path) in str(caught.value)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_references(tmp_path / "none.json")
    (tmp_path / "image.json").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(DataError, match="cannot be read as text"):
        load_references(tmp_path / "image.json")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.json", "{}")
        archive.writestr("b.json", "{}")
    with pytest.raises(DataError, match="holds 2 files"):
        load_references(tmp_path / "two.zip")


def test_a_quoted_text_may_go_on_over_lines(tmp_path: Path) -> None:
    """Cut at the line break, the second half was the caption of another clip."""
    path = written(
        tmp_path, "lines.csv", 'id,caption\na,"a man\nb,runs"\nc,a dog\nd,"a ""big"" cat"\ne,"an" ox, too\n'
    )
    assert load_predictions(path) == {
        "a": "a man\nb,runs",
        "c": "a dog",
        "d": 'a "big" cat',
        "e": '"an" ox, too',
    }


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("open.csv", 'id,caption\na,"a man\nb,a dog\n', "line 2: a quoted text that does not end"),
        ("swallows.csv", 'id,caption\na,"a man\nb,"a dog"\n', "line 2: ',' expected after"),
        ("wide.csv", "id,caption\na," + "x" * 200_000, "line 2: field larger than field limit"),
        ("deep.json", "[" * 100_000, "too deep"),
        ("long.json", "9" * 5_000, "not JSON"),
        ("long.jsonl", '{"id": ' + "9" * 5_000 + "}", "line 1: not JSON"),
    ],
)
def test_odd_files_are_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load_predictions(written(tmp_path, name, content))


def test_damaged_archives_and_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = json.dumps(PREDICTIONS).encode()
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p.json", raw)
    wholes = {"gz": gzip.compress(raw), "zip": (tmp_path / "whole.zip").read_bytes()}
    for kind, whole in wholes.items():
        path = tmp_path / f"p.json.{kind}"
        for size in range(1, len(whole), 7):
            path.write_bytes(whole[:size])
            with pytest.raises(DataError, match=r"cannot be read|holds 0 files"):
                load_predictions(path)
        path.write_bytes(whole)
        with monkeypatch.context() as patch:
            patch.setattr(formats, "LARGEST", 10)
            with pytest.raises(DataError, match="unpacks to more than"):
                load_predictions(path)
        assert load_predictions(path) == PREDICTIONS
