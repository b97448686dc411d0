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
        "dog": ["a dog runs", "a puppy is running", "it runs"],
        "later": ["later"],
        "day_0_3": ["first"],
    }
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
    ({"video": "a.mp4", "captions": "x"}, "'captions' is a list, not 'x'.*\"captions\": \\[\"x\"\\]"),
    ({"video": "a.mp4", "captions": None}, "'captions' is a list, not None"),
    ({"video": "a.mp4", "captions": {"en": ["x"]}}, "'captions' is a list, not {'en'"),
    ({"video": "a.mp4", "caption": ["x"]}, "'caption' is one text"),
    ({"video": "a.mp4", "captions": ["x", ""]}, "a caption is ''"),
    ({"video": "a.mp4", "captions": ["x", 3]}, "a caption is 3"),
    (
        {"video": "a.mp4", "caption": "x", "events": [{"start": 0, "end": 1, "text": "y"}], "duration": 3},
        "both",
    ),
    ({"video": "a.mp4", "events": [{"start": 0, "stop": 1, "text": "y"}]}, "is no event"),
    ({"video": "a.mp4", "events": [{"start": 3, "end": 1, "text": "y"}], "duration": 3}, "an event from 3"),
    ({"video": "a.mp4", "events": {"start": 0, "end": 1, "text": "y"}}, "'events' is a list"),
    (
        {"video": "a.mp4", "events": [{"start": 0, "end": 1, "text": 7}], "duration": 3},
        "text of an event is 7",
    ),
    (
        {"video": "a.mp4", "events": [{"start": 0, "end": 1, "text": " "}], "duration": 3},
        "text of an event is ' '",
    ),
    ('{"video": "a.mp4", "events": [{"start": NaN, "end": 1, "text": "y"}]}', "'start' is nan"),
    ({"video": "a.mp4", "caption": "x", "start": -3}, "'start' is -3"),
    ({"video": "a.mp4", "caption": "x", "duration": -1}, "'duration' is -1"),
    ({"video": "a.mp4", "caption": "x", "start": "0:10"}, "'start' must be a number of seconds, not '0:10'"),
    ({"video": "a.mp4", "caption": "x", "start": 4, "end": 2}, "ends at 2 s and starts at 4 s"),
    ({"video": "a.mp4", "caption": "x", "id": 7}, "'id' must be text"),
    ({"video": "a.mp4", "caption": "x", "id": ""}, "'id' must be text, not ''"),
    (
        {"video": "a.mp4", "caption": "x", "split": "test"},
        "no line belongs to the split 'train', they belong to 'test'",
    ),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES, ids=[said[:24] for _, said in MISTAKES])
def test_mistakes_are_explained(line: Any, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, line)
    with pytest.raises(DataError, match="(?s)" + said.replace("not JSON (", r"not JSON \(")) as caught:
        Jsonl(path=path)
    assert path in str(caught.value)


LINE = '{"video": "a.mp4", "captions": ["a dog runs"]}'
TWO = [LINE, LINE.replace("a.mp4", "b.mp4")]
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty.*one object a line"),
    "blank lines": (b"\n\n", "the file is empty"),
    "a list": (
        f"[{TWO[0]},\n {TWO[1]}]".encode(),
        "one JSON value over several lines, not one object a line",
    ),
    "spread out": (json.dumps(json.loads(LINE), indent=1).encode(), "one JSON value over several lines"),
    "a missing comma": (
        f'{TWO[0]}\n{{"video": "b.mp4" "captions": ["x"]}}'.encode(),
        "line 2, column 19: not JSON",
    ),
    "a comma too many": (LINE.replace("]}", "],}").encode(), "line 1, column 47: not JSON"),
    "single quotes": (LINE.replace('"', "'").encode(), "line 1, column 2: not JSON"),
    "no JSON": (b"a.mp4\ta dog runs", "line 1, column 1: not JSON.*one object a line"),
    "UTF-16": (LINE.encode("utf-16"), "byte 0 is not UTF-8.*save it as UTF-8"),
    "Latin-1": (LINE.replace("dog", "caf\xe9").encode("latin-1"), "is not UTF-8"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_wrong(name: str, tmp_path: Path) -> None:
    content, said = FILES[name]
    path = tmp_path / "wrong.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"(?s)^{path}.*{said}"):
        Jsonl(path=str(path))


@pytest.mark.parametrize(
    "content",
    ["\ufeff" + "\n".join(TWO), "\r\n".join(TWO) + "\r\n", "\r".join(TWO), "\n\n".join(TWO)],
    ids=["byte order mark", "Windows", "old Mac", "empty lines"],
)
def test_files_as_editors_write_them(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(content.encode())
    assert Jsonl(path=str(tmp_path / "a.jsonl")).references() == {"a": ["a dog runs"], "b": ["a dog runs"]}


def test_names_and_texts_with_anything_in_them(clips_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my clips"
    folder.mkdir()
    (folder / "a \N{DOG FACE} runs.mp4").write_bytes((clips_folder / "videos" / "video1.mp4").read_bytes())
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"video": "my clips/a \N{DOG FACE} runs.mp4", "caption": "one\u2028two"}\n', encoding="utf-8"
    )
    data = Jsonl(path=str(path), frames={"count": 2, "short_side": 16})
    assert data.references() == {"a \N{DOG FACE} runs": ["one\u2028two"]}
    assert data[0].inputs["frames"].shape == (2, 16, 16, 3)


def test_two_videos_that_would_share_an_id(tmp_path: Path) -> None:
    """Neither file is there, so nothing but the lines tells them apart."""
    lines = [{"video": f"{folder}/a.mp4", "caption": folder} for folder in ("one", "two")]
    with pytest.raises(
        DataError, match=r"line 2: clip 'a' was there before \(line 1\), for the video 'one/a\.mp4'"
    ):
        Jsonl(path=write(tmp_path, *lines))


def test_a_clip_that_starts_after_its_video_ends(clips_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes((clips_folder / "videos" / "video1.mp4").read_bytes())
    data = Jsonl(path=write(tmp_path, {"video": "a.mp4", "start": 100, "end": 120, "caption": "x"}))
    (late,) = [defect for defect in data.check().defects if "start after" in defect.what]
    assert late.ids == ("a_100_120",)
    assert late.reasons["a_100_120"].startswith("starts at 100 s of 5")


def test_the_same_clip_twice_with_other_times(tmp_path: Path) -> None:
    lines = [{"video": "a.mp4", "id": "a", "start": n, "caption": "x"} for n in (1, 2)]
    with pytest.raises(DataError, match="line 2: clip 'a' was there before"):
        Jsonl(path=write(tmp_path, *lines))
