"""Videos of one's own: what a line may say, and how mistakes are explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.errors import DataError


def write(folder: Path, *lines: Any, name: str = "train.jsonl") -> str:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / name).write_text(text + "\n")
    return str(folder / name)


def test_captions_spans_and_lines_of_the_same_video(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"video": "dog.mp4", "caption": "a dog runs"},
        "",
        {"video": "dog.mp4", "captions": ["a puppy is running", "it runs"]},
        {"video": "day.mp4", "start": 3, "end": 7.5, "captions": ["later"], "id": "later"},
        {"video": "day.mp4", "start": 0, "end": 3, "captions": ["first"]},
    )
    data = Jsonl(path=path)
    assert data.references() == {
        "dog": ["a dog runs", "a puppy is running", "it runs"], "later": ["later"], "day_0_3": ["first"]
    }  # fmt: skip
    assert [clip.span for clip in data.clips] == [(0, 0), (3, 7.5), (0, 3)]


def test_one_file_with_several_splits(tmp_path: Path) -> None:
    path = write(
        tmp_path, *({"video": f"{s}.mp4", "caption": s, "split": s} for s in ("train", "val", "test"))
    )
    assert [Jsonl(split, path=path).captions() for split in ("train", "val", "test")] == [
        ["train"],
        ["val"],
        ["test"],
    ]


def test_events_measure_their_video(clips_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "some.mp4").write_bytes((clips_folder / "videos" / "video1.mp4").read_bytes())
    event = {"start": 0.5, "end": 2, "text": "it falls"}
    data = Jsonl(path=write(tmp_path, {"video": "some.mp4", "events": [event]}), unit="clip")
    assert data.clips[0].duration == pytest.approx(5.0, abs=0.13)
    assert [(e.start, e.end, e.text) for e in data.events()[0]["some"]] == [(0.5, 2, "it falls")]
    absent = write(tmp_path, {"video": "gone.mp4", "events": [event]}, name="val.jsonl")
    with pytest.raises(DataError, match='"duration": 2'):
        Jsonl(path=absent, unit="clip")


def test_a_video_is_found_and_read(clips_folder: Path, tmp_path: Path) -> None:
    path = write(
        tmp_path, {"video": "video1.mp4", "caption": "it falls"}, {"video": "gone.mp4", "caption": "gone"}
    )
    data = Jsonl(path=path, root=str(clips_folder / "videos"), frames={"count": 3, "short_side": 16})
    assert data.coverage().startswith("1 of 2 (missing ")
    assert data[0].inputs["frames"].shape == (3, 16, 16, 3)
    assert [d.ids for d in data.defects if "not there" in d.what] == [("gone",)]


MISTAKES: list[tuple[Any, str]] = [
    ('{"video": "a.mp4", "caption": "x"', "line 1, column 34: not JSON"),
    ('["a.mp4", "x"]', "line 1: a list, not an object"),
    ({"vidoe": "a.mp4", "caption": "x"}, "unknown key 'vidoe'; did you mean 'video'"),
    ({"caption": "x"}, "'video' is missing"),
    ({"video": "a.mp4"}, "neither captions nor events"),
    ({"video": "a.mp4", "captions": []}, "neither captions nor events"),
    ({"video": "a.mp4", "captions": "x"}, "'captions' is a list"),
    ({"video": "a.mp4", "captions": ["x", ""]}, "a caption is ''"),
    ({"video": "a.mp4", "captions": ["x", 3]}, "a caption is 3"),
    (
        {"video": "a.mp4", "caption": "x", "events": [{"start": 0, "end": 1, "text": "y"}], "duration": 3},
        "both",
    ),
    ({"video": "a.mp4", "events": [{"start": 0, "stop": 1, "text": "y"}]}, "is no event"),
    ({"video": "a.mp4", "events": [{"start": 3, "end": 1, "text": "y"}], "duration": 3}, "an event from 3"),
    ({"video": "a.mp4", "caption": "x", "start": "0:10"}, "'start' must be a number of seconds, not '0:10'"),
    ({"video": "a.mp4", "caption": "x", "start": 4, "end": 2}, "ends at 2 s and starts at 4 s"),
    ({"video": "a.mp4", "caption": "x", "id": 7}, "'id' must be text"),
    ({"video": "a.mp4", "caption": "x", "split": "test"}, "no line belongs to the split 'train'"),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES, ids=[said[:24] for _, said in MISTAKES])
def test_mistakes_are_explained(line: Any, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, line)
    with pytest.raises(DataError, match="(?s)" + said.replace("(", r"\(")) as caught:
        Jsonl(path=path)
    assert path in str(caught.value)


def test_the_same_clip_twice_with_other_times(tmp_path: Path) -> None:
    lines = [{"video": "a.mp4", "id": "a", "start": n, "caption": "x"} for n in (1, 2)]
    with pytest.raises(DataError, match="line 2: clip 'a' was there before"):
        Jsonl(path=write(tmp_path, *lines))
