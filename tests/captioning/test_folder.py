"""The folder of a job: what is finished stays, whatever happens."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.captioning import results_folder as module
from vidcap_core.captioning.results_folder import Folder, FolderError
from vidcap_core.captioning.subtitles import srt
from vidcap_core.contracts.panels import FrameAttention, Timeline
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.errors import DataError, UserError

FACTS = {"model": "m", "decoding": {"mode": "beam", "beam": 5}, "every": None}


OPEN: list[Folder] = []


def opened(path: Path, form: str, facts: Any) -> Folder:
    """The folder, as the next process finds it: those before have ended, and their locks with them."""
    while OPEN:
        OPEN.pop().close()
    OPEN.append(Folder(path, form, facts))
    return OPEN[-1]


def said(path: Path, text: str = "a dog") -> Prediction:
    words = [{"tokens": text.split(), "log_probs": [-0.5] * len(text.split())}]
    extras: dict[str, Any] = {"words": words, "streams": ["image"], "n_best": [["the dog"]]}
    panel = FrameAttention(("a", "dog"), {"": [[0.5, 0.5], [1, 0]]}, (0.0, 1.0))
    return Prediction(
        Clip(path.stem, str(path), duration=2.0), (Event(0, 2, text, -1.0),), {**extras, "panels": [panel]}
    )


@pytest.fixture
def video(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
        return path

    return make


def test_finished_files_are_known_again(tmp_path: Path, video: Any) -> None:
    first, second = video("a.mp4"), video("b.mp4")
    opened(tmp_path / "out", "srt", FACTS).add(first, said(first))
    again = opened(tmp_path / "out", "srt", FACTS)
    assert again.has(first)
    assert not again.has(second)
    assert (tmp_path / "out" / "a.srt").read_text() == srt(said(first))
    first.write_bytes(b"another video")
    assert not again.has(first), "the file has changed since"
    again.add(first, said(first, "a cat"))
    assert "a cat" in (tmp_path / "out" / "a.srt").read_text()
    assert [p.text for _, p in opened(tmp_path / "out", "srt", FACTS).predictions()] == ["a cat"]


def test_a_line_holds_the_whole_prediction(tmp_path: Path, video: Any) -> None:
    path = video("a.mp4")
    folder = opened(tmp_path / "out", "html", FACTS)
    folder.add(path, said(path))
    ((_, read),) = opened(tmp_path / "out", "html", FACTS).predictions()
    assert read.events == said(path).events
    assert {key: read.extras[key] for key in said(path).extras} == said(path).extras
    assert read.clip.span == (0, 2)


@pytest.mark.parametrize("names", [("x/a.mp4", "y/a.mp4", "y/A.mp4"), ("a.mp4", "a.avi", "b/a.mkv")])
def test_no_output_replaces_another(tmp_path: Path, video: Any, names: tuple[str, ...]) -> None:
    folder = opened(tmp_path / "out", "text", FACTS)
    for number, name in enumerate(names):
        path = video(name)
        folder.add(path, said(path, f"text {number}"))
    texts = {file.read_text().splitlines()[0] for file in (tmp_path / "out").glob("*.txt")}
    assert texts == {"text 0", "text 1", "text 2"}


def test_a_strangers_file_is_not_replaced(tmp_path: Path, video: Any) -> None:
    path = video("a.mp4")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.srt").write_text("made by hand")
    opened(tmp_path / "out", "srt", FACTS).add(path, said(path))
    assert (tmp_path / "out" / "a.srt").read_text() == "made by hand"
    assert len(list((tmp_path / "out").glob("a-*.srt"))) == 1


@pytest.mark.parametrize(
    "name", ['it\'s "odd".mp4', "new\nline.mp4", "🎬.mp4", "x" * 250 + ".mp4", "ü" * 120 + ".mp4"]
)
def test_odd_names(tmp_path: Path, video: Any, name: str) -> None:
    path = video(name)
    opened(tmp_path / "out", "json", FACTS).add(path, said(path))
    (output,) = (p for p in (tmp_path / "out").glob("*.json") if p.name != "job.json")
    assert json.loads(output.read_text())["path"] == str(path)
    assert opened(tmp_path / "out", "json", FACTS).has(path)


def test_a_name_that_is_no_text(tmp_path: Path, video: Any) -> None:
    path = video(os.fsdecode(b"caf\xe9.mp4"))
    opened(tmp_path / "out", "jsonl", FACTS).add(path, said(path))
    again = opened(tmp_path / "out", "jsonl", FACTS)
    assert again.has(path)
    assert [p.clip.path for _, p in again.predictions()] == [str(path)]


@pytest.mark.parametrize("torn", [b'{"file": "/x", "si', b"x" * 200_000])
def test_half_a_line_goes(tmp_path: Path, video: Any, torn: bytes) -> None:
    path = video("a.mp4")
    folder = opened(tmp_path / "out", "jsonl", FACTS)
    folder.add(path, said(path))
    whole = folder.lines.read_bytes()
    folder.lines.write_bytes(whole + torn)
    assert opened(tmp_path / "out", "jsonl", FACTS).has(path)
    assert folder.lines.read_bytes() == whole


def test_damage_inside_is_said(tmp_path: Path, video: Any) -> None:
    folder = opened(tmp_path / "out", "jsonl", FACTS)
    folder.lines.write_text("{}}\n")
    with pytest.raises(DataError, match=r"captions\.jsonl, line 1 is damaged"):
        opened(tmp_path / "out", "jsonl", FACTS)


def test_an_output_that_a_kill_cost_is_written_again(tmp_path: Path, video: Any) -> None:
    path = video("a.mp4")
    opened(tmp_path / "out", "vtt", FACTS).add(path, said(path))
    before = (tmp_path / "out" / "a.vtt").read_text()
    (tmp_path / "out" / "a.vtt").unlink()
    opened(tmp_path / "out", "vtt", FACTS).complete()
    assert (tmp_path / "out" / "a.vtt").read_text() == before


def test_another_job_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "out", "srt", FACTS)
    other = {**FACTS, "decoding": {"mode": "beam", "beam": 3}}
    with pytest.raises(UserError, match="captions of another job: beam 5, now 3\n  try: another --out"):
        opened(tmp_path / "out", "srt", other)
    with pytest.raises(UserError, match="format srt, now vtt"):
        opened(tmp_path / "out", "vtt", FACTS)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "captions.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match=r"captions\.jsonl that no caption job made"):
        opened(tmp_path / "mine", "srt", FACTS)


def test_a_full_disk(tmp_path: Path, video: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [video(f"{number}.mp4") for number in range(3)]
    folder = opened(tmp_path / "out", "srt", FACTS)
    folder.add(paths[0], said(paths[0]))
    whole = folder.lines.read_bytes()
    real, room = os.write, [50]

    def write(place: int, data: bytes) -> int:
        """A disk with room for 50 bytes: it takes those and then fails, as a real one does."""
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(place, data[: room[0]])
        room[0] -= done
        return done

    with monkeypatch.context() as full:
        full.setattr(module.os, "write", write)
        with pytest.raises(
            FolderError, match="the disk is full; 1 finished files stay in it\n  try: make room"
        ):
            folder.add(paths[1], said(paths[1]))
    assert folder.lines.read_bytes() == whole, "half a line is taken back"
    assert not folder.has(paths[1])
    folder.add(paths[1], said(paths[1]))
    assert len(opened(tmp_path / "out", "srt", FACTS)) == 2


def test_an_interruption_while_writing(tmp_path: Path, video: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = video("a.mp4")
    folder = opened(tmp_path / "out", "srt", FACTS)

    def write(place: int, data: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "write", write)
    with pytest.raises(KeyboardInterrupt):
        folder.add(path, said(path))
    assert folder.lines.read_bytes() == b""


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FolderError, match="cannot be written: File exists"):
        opened(tmp_path / "out", "srt", FACTS)


def test_spans_of_a_file_become_clips_of_the_page(tmp_path: Path) -> None:
    from vidcap_core.report.captions_page import _views

    panels = [FrameAttention(("a",), {"": [[1.0, 0.0]]}, (0.0, 1.0), event=place) for place in (0, 1)]
    events = (Event(0, 1, "a"), Event(1, 2, "b"))
    whole, first, second = _views("v", Prediction(Clip("v", duration=2.0), events, {"panels": panels}))
    assert [panel["kind"] for panel in whole.panels] == [Timeline.kind]
    assert (first.id, first.text, first.span) == ("v, 0.0 – 1.0 s", "a", (0, 1))
    assert [panel["kind"] for panel in second.panels] == [FrameAttention.kind]
    assert len(second.events) == 1


def test_two_jobs_do_not_share_a_folder(tmp_path: Path, video: Any) -> None:
    with Folder(tmp_path / "out", "jsonl", FACTS) as first:
        path = video("a.mp4")
        first.add(path, said(path))
        with pytest.raises(
            UserError, match=r"another job writes into .*\n  try: wait for it, or another --out"
        ):
            Folder(tmp_path / "out", "jsonl", FACTS)
    with Folder(tmp_path / "out", "jsonl", FACTS) as second:
        assert second.has(path)
    assert len((tmp_path / "out" / "captions.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("garbage", "said_of_it"),
    [
        (b"\xff\xfe\n", "line 2 is damaged"),
        (b"3\n", "line 2: holds int, not an object"),
        (b"{}\n", "line 2: lacks 'id'"),
        (b"[" * 100_000 + b"\n", "line 2 is damaged: it is nested too deeply"),
        (b'{"size": ' + b"9" * 5_000 + b"}\n", "line 2 is damaged"),
    ],
)
def test_garbage_in_the_lines_is_named(tmp_path: Path, video: Any, garbage: bytes, said_of_it: str) -> None:
    with Folder(tmp_path / "out", "jsonl", FACTS) as folder:
        folder.add(video("a.mp4"), said(video("a.mp4")))
        lines = folder.lines
    whole = lines.read_bytes()
    lines.write_bytes(whole + garbage)
    with pytest.raises(DataError, match=said_of_it):
        Folder(tmp_path / "out", "jsonl", FACTS)
    changed = json.loads(whole)
    for key, value in (
        ("events", [{"start": 0}]),
        ("size", "3"),
        ("span", [1]),
        ("output", 3),
        ("panels", [3]),
    ):
        lines.write_text(json.dumps({**changed, key: value}) + "\n")
        with pytest.raises(DataError, match="line 1"):
            Folder(tmp_path / "out", "jsonl", FACTS)


def test_garbage_for_a_job_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for garbage in (b"\xff", b"[]", b"{"):
        (tmp_path / "out" / "job.json").write_bytes(garbage)
        with pytest.raises(DataError, match=r"job\.json"):
            Folder(tmp_path / "out", "jsonl", FACTS)
