"""`vidcap data check SET --videos DIR`: official lists against a folder, by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from vidcap_core.cli.main import main
from vidcap_core.datasets.msvd import MSVD
from vidcap_core.datasets.video_list import compare

IDS = [f"video{n}" for n in (1, 2, 3, 12)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MSR-VTT with four clips, three to train with."""
    monkeypatch.setenv("VIDCAP_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "msrvtt"
    root.mkdir()
    splits = dict(zip(IDS, ("train", "train", "train", "validate"), strict=True))
    videos = [
        {"id": int(i[5:]), "video_id": i, "split": s, "start time": 0, "end time": 9, "category": 1}
        for i, s in splits.items()
    ]
    sentences = [{"video_id": i, "caption": "a b", "sen_id": n} for n, i in enumerate(IDS)]
    (root / "train_val_videodatainfo.json").write_text(json.dumps({"videos": videos, "sentences": sentences}))
    return tmp_path


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def check(home: Path, videos: Path, *more: str) -> int:
    return main(["data", "check", "msrvtt", "--root", str(home / "msrvtt"), "--videos", str(videos), *more])


def test_half_the_videos(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos = fill(home / "videos", "video1.mp4", "video12.avi", "cover.jpg")
    assert check(home, videos) == 0
    said = capsys.readouterr()
    assert "1 of 6,513" in said.out
    assert "1 of 497" in said.out
    assert "test: " in said.err  # whose annotations are not there
    listed = home / "cache" / "check" / "msrvtt" / "missing_videos_train.txt"
    assert f"train: 2 ids without a video: {listed}" in said.err
    assert listed.read_text() == "video2\nvideo3\n"
    assert check(home, videos, "--split", "val", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "split": "val",
            "of_clips": 497,
            "videos": 1,
            "missing": 0,
            "missing_file": None,
            "named_otherwise": {},
        }
    ]


def test_files_named_otherwise_than_the_list(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos = fill(
        home / "it's here", "v_video1_240p.mp4", "v_video2_240p.mp4", "video3.mp4", "video12.mp4", "a.mp4"
    )
    assert check(home, videos, "--split", "train") == 1
    said = capsys.readouterr().err
    assert "train: 2 files named otherwise than the list (v_video1_240p.mp4 for video1): cd " in said
    typed = said.partition("for video1): ")[2].splitlines()[0]
    subprocess.run(["bash", "-c", typed], check=True)
    assert check(home, videos, "--split", "train") == 0
    assert "3 of 6,513" in capsys.readouterr().out


def test_a_number_is_no_part_of_a_longer_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos = fill(home / "videos", "video31.mp4", "video2.mp4")
    assert check(home, videos, "--split", "train") == 0
    assert "named otherwise" not in capsys.readouterr().err


def test_what_cannot_be_compared(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(home, home / "nowhere") == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert check(home, fill(home / "empty", "note.txt")) == 2
    assert "holds no video" in capsys.readouterr().err
    assert main(["data", "check", "core/toy", "--videos", str(home)]) == 2
    assert "--videos goes with the name of a dataset" in capsys.readouterr().err


def test_other_names_of_a_clip_count(tmp_path: Path) -> None:
    (tmp_path / "youtube_mapping.txt").write_text("abc_1_2 vid1\ndef_3_4 vid2\n")
    (tmp_path / "sents_train_lc_nopunc.txt").write_text("vid1\ta b\nvid2\tc d\n")
    data = MSVD(split="train", root=str(tmp_path), unit="clip")
    [report] = compare([data], fill(tmp_path / "videos", "abc_1_2.avi", "vid2.mp4"), MSVD.suffixes)
    assert (report.there, report.total, report.missing) == (2, 1200, ())
