"""The videos of clips, by name of file or by a list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidcap_core.contracts.types import Clip
from vidcap_core.errors import DataError
from vidcap_core.video.by_clip import videos_by_clip


def test_files_of_a_folder_are_named_by_clip(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.avi", "notes.txt", "a.jpg"):
        (tmp_path / name).write_bytes(b"x")
    assert videos_by_clip(tmp_path) == {
        "a": Clip("a", str(tmp_path / "a.avi")),
        "b": Clip("b", str(tmp_path / "b.mp4")),
    }
    (tmp_path / "a.mp4").write_bytes(b"x")
    with pytest.raises(DataError, match=r"a\.avi and a\.mp4 are both clip 'a'"):
        videos_by_clip(tmp_path)


def test_a_list_of_paths_lies_beside_its_files(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "one.mp4").write_bytes(b"x")
    file = tmp_path / "videos.json"
    file.write_text(json.dumps({"7": "films/one.mp4"}))
    assert videos_by_clip(file) == {"7": Clip("7", str(tmp_path / "films" / "one.mp4"))}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "it holds list"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "no JSON file"),
        ('{"a": 3}', "no paths by clip"),
        ("x", "no JSON file"),
        ('{"a": "b.mp4"}', "no file"),
    ],
)
def test_lists_that_name_no_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "videos.json"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        videos_by_clip(file)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no video"):
        videos_by_clip(tmp_path)
