"""`vidcap data`: the table, what is broken, lists of missing ids, and the normalised schema."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vidcap_core.cli.main import main
from vidcap_core.datasets.activitynet import ActivityNet
from vidcap_core.datasets.check import check_dataset, write_missing
from vidcap_core.datasets.emvidcap import EmVidCap
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.datasets.msrvtt import MSRVTT
from vidcap_core.datasets.msvd import MSVD, MSVDPart
from vidcap_core.datasets.prepare import prepare
from vidcap_core.errors import DataError

RUN = (
    "import argparse, sys; from vidcap_core.cli import data; from vidcap_core.cli.outcome import guarded\n"
    "parser = argparse.ArgumentParser(); data.add_parser(parser.add_subparsers())\n"
    "def command():\n    args = parser.parse_args(['data', *sys.argv[1:]]); return args.func(args)\n"
    "sys.exit(guarded(command, False))"
)


def vidcap_data(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "VIDCAP_DATA": str(home / "data"), "VIDCAP_CACHE": str(home / "cache")}
    env.pop("VIDCAP_SHARED_DATA", None)
    return subprocess.run(
        [sys.executable, "-c", RUN, *words], env=env, capture_output=True, text=True, timeout=240
    )


@pytest.fixture
def mine(clips_folder: Path, tmp_path: Path) -> Path:
    """A folder of one's own with everything that can be wrong."""
    folder = tmp_path / "mine"
    (folder / "videos").mkdir(parents=True)
    for name in ("good", "cut"):
        shutil.copy(clips_folder / "videos" / "video1.mp4", folder / "videos" / f"{name}.mp4")
    (folder / "videos" / "cut.mp4").write_bytes((folder / "videos" / "cut.mp4").read_bytes()[:700])
    (folder / "videos" / "empty.mp4").touch()
    store = folder / "features" / "image"
    store.mkdir(parents=True)
    for name in ("good", "cut", "empty"):
        np.save(store / f"{name}.npy", np.ones((4, 8), dtype=np.float16))
    np.save(store / "empty.npy", np.full((4, 8), np.nan, dtype=np.float16))
    names = {"train": ["good", "cut", "empty", "gone"], "val": ["good"]}
    for split, videos in names.items():
        lines = [json.dumps({"video": f"videos/{v}.mp4", "captions": ["a b", "c d"]}) for v in videos]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_what_is_wrong_is_found(mine: Path) -> None:
    train, val, test = check_dataset(Jsonl, root=str(mine), streams=["image"])
    assert train.row() == {
        "split": "train",
        "clips": "4",
        "captions": "8",
        "videos": "3 of 4",
        "features": "image 3",
        "used": train.used,
    }
    assert train.used.startswith("3 of 4 (missing ")
    found = {defect.what: defect.ids for defect in train.defects}
    assert found["videos that cannot be read"] == ("cut", "empty")
    assert found["videos that are not there"] == ("gone",)
    assert found["features in 'image' that are empty, not [T, D] or not finite"] == ("empty",)
    assert [d.ids for d in val.defects if "'train' too" in d.what] == [("good",)]
    assert test.absent is not None
    assert all(report.broken for report in (train, val, test))


def test_each_broken_video_has_its_reason(mine: Path, tmp_path: Path) -> None:
    film = mine / "videos" / "good.mp4"
    (mine / "videos" / "gone.mp4").write_bytes(film.read_bytes().replace(b"avc1", b"zzzz"))
    done = vidcap_data("check", "jsonl", "--root", str(mine), "--split", "train", home=tmp_path)
    assert done.returncode == 1
    assert "train: 3 videos that cannot be read (cut, empty, gone): get them again" in done.stderr
    assert f"  empty: {mine / 'videos' / 'empty.mp4'}: the file is empty" in done.stderr.splitlines()
    assert "gone.mp4: the format of its pictures is not known here" in done.stderr
    told = vidcap_data("check", "jsonl", "--root", str(mine), "--split", "train", "--json", home=tmp_path)
    (broken,) = [
        d for d in json.loads(told.stdout)[0]["defects"] if d["what"] == "videos that cannot be read"
    ]
    assert list(broken["reasons"]) == broken["ids"] == ["cut", "empty", "gone"]


def test_a_broken_video_that_should_have_said_how_long_it_is(mine: Path, tmp_path: Path) -> None:
    """Its events cannot be used without its length; the other clips can."""
    lines = [
        {"video": f"videos/{name}.mp4", "events": [{"start": 0, "end": 1, "text": "a dog"}]}
        for name in ("cut", "good")
    ]
    (mine / "train.jsonl").write_text("\n".join(map(json.dumps, lines)))
    data = Jsonl(root=str(mine), unit="clip")
    assert [clip.id for clip in data.clips] == ["good"]
    assert data.coverage().startswith("1 of 2 (missing ")
    assert data.selection.missing == {"cut": "whose video cannot be read"}
    done = vidcap_data("check", "jsonl", "--root", str(mine), "--split", "train", home=tmp_path)
    assert done.returncode == 1
    assert "train: 1 videos that cannot be read (cut): " in done.stderr
    assert "1 of 2" in done.stdout


def test_quick_opens_nothing(mine: Path) -> None:
    (train,) = check_dataset(Jsonl, ["train"], deep=False, root=str(mine), streams=["image"])
    assert {d.what for d in train.defects} == {"videos that are not there"}


def test_missing_ids_are_listed_with_reasons(mine: Path, tmp_path: Path) -> None:
    (train,) = check_dataset(Jsonl, ["train"], root=str(mine), streams=["image"])
    path = write_missing(train, tmp_path / "lists")
    assert path is not None
    assert path.read_text() == "gone\tno features in 'image'\n"


def test_the_command_prints_and_exits_as_it_should(mine: Path, tmp_path: Path) -> None:
    broken = vidcap_data("check", "jsonl", "--root", str(mine), "--stream", "image", home=tmp_path)
    assert broken.returncode == 1
    assert "3 of 4" in broken.stdout
    assert "train: 2 videos that cannot be read (cut, empty): get them again" in broken.stderr
    listed = tmp_path / "cache" / "check" / "jsonl" / "missing_train.tsv"
    assert str(listed) in broken.stderr
    assert listed.read_text().startswith("gone\t")
    good = vidcap_data("check", "jsonl", "--split", "val", "--root", str(mine), "--json", home=tmp_path)
    assert good.returncode == 0
    assert json.loads(good.stdout)[0]["used"] == "1 of 1"
    unknown = vidcap_data("check", "msrvt", home=tmp_path)
    assert unknown.returncode == 2
    assert unknown.stderr.splitlines()[0].endswith("did you mean 'msrvtt'?")
    where = vidcap_data("where", home=tmp_path)
    assert str(tmp_path / "data" / "vatex") in where.stdout


def test_more_than_the_official_count_is_broken(clips_folder: Path, tmp_path: Path) -> None:
    """A toy file passes as a part of MSR-VTT; one with too many captions does not."""
    (part,) = check_dataset(MSRVTT, ["val"], root=str(clips_folder / "msrvtt"))
    assert not part.broken
    assert part.row()["clips"] == "12 of 497"
    data = json.loads((clips_folder / "msrvtt" / "train_val_videodatainfo.json").read_text())
    data["sentences"] = data["sentences"] * 150
    (tmp_path / "train_val_videodatainfo.json").write_text(json.dumps(data))
    (much,) = check_dataset(MSRVTT, ["val"], root=str(tmp_path))
    assert much.broken


@pytest.mark.parametrize(
    ("made_by", "part", "kind"),
    [
        (MSRVTT, "msrvtt", "clips"),
        (MSVD, "msvd", "clips"),
        (EmVidCap, "emvidcap", "clips"),
        (Jsonl, "jsonl", "clips"),
        (ActivityNet, "activitynet", "long"),
    ],
)
def test_prepared_is_the_same(
    made_by: type, part: str, kind: str, clips_folder: Path, long_folder: Path, tmp_path: Path
) -> None:
    official = {"clips": clips_folder, "long": long_folder}[kind] / part
    place = prepare(made_by, official, tmp_path / "prepared")
    for split in json.loads((place / "dataset.json").read_text())["splits"]:
        before, after = (made_by(split, root=str(root), unit="clip") for root in (official, place))
        assert after.fingerprint() == before.fingerprint()
        assert (after.coverage(), after.defects) == (before.coverage(), before.defects)


def test_parts_of_emvidcap_come_from_one_preparation(clips_folder: Path, tmp_path: Path) -> None:
    official = clips_folder / "emvidcap"
    place = prepare(EmVidCap, official, tmp_path / "prepared")
    for part in ("S", "L"):
        before, after = (EmVidCap("trainval", part=part, root=str(root)) for root in (official, place))  # type: ignore[arg-type]
        assert after.captions() == before.captions()


def test_prepare_from_a_zip_with_videos(mine: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in mine.rglob("*"):
            archive.write(path, path.relative_to(mine))
    done = vidcap_data("prepare", "jsonl", "--from", str(tmp_path / "mine.zip"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    place = Path(done.stdout.strip())
    assert place == tmp_path / "data" / "jsonl"
    data = Jsonl("val", root=str(place), frames={"count": 2, "short_side": 16})
    assert data.clips[0].path == str(place / "videos" / "good.mp4")
    assert data[0].inputs["frames"].shape == (2, 16, 16, 3)


def test_prepare_overwrites_nothing_and_leaves_nothing_half_done(clips_folder: Path, tmp_path: Path) -> None:
    place = prepare(MSRVTT, clips_folder / "msrvtt", tmp_path / "msrvtt")
    before = (place / "train.jsonl").read_bytes()
    with pytest.raises(DataError, match="--force"):
        prepare(MSRVTT, clips_folder / "msrvtt", place)
    with pytest.raises(DataError, match="nothing could be prepared"):
        prepare(MSRVTT, clips_folder / "msvd", place, force=True)
    assert (place / "train.jsonl").read_bytes() == before
    prepare(MSRVTT, clips_folder / "msrvtt", place, force=True)
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="was not written by this command"):
        prepare(MSRVTT, clips_folder / "msrvtt", own, force=True)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_zip_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../outside.jsonl", "{}")
    with pytest.raises(DataError, match="outside the folder"):
        prepare(Jsonl, tmp_path / "evil.zip", tmp_path / "place")
    assert not (tmp_path / "outside.jsonl").exists()


def test_what_lies_elsewhere_is_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="read from where it lies"):
        prepare(MSVDPart, tmp_path, tmp_path / "place")


def test_the_data_of_a_config_are_checked_split_by_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"video": f"{name}.mp4", "captions": ["x", "y"]}))
    config = tmp_path / "mine.py"
    splits = {"train": "a", "val": "b"}
    data = {
        split: {"path": str(tmp_path / f"{of}.jsonl"), "root": str(tmp_path / "clips")}
        for split, of in splits.items()
    }
    config.write_text(
        f'_base_ = ["vidcap://datasets/jsonl.py"]\ndata = {data!r}\ndata["test"] = data["val"]\n'
    )
    assert main(["data", "check", str(config), "--split", "train", "--split", "val", "--json"]) == 1, (
        "no video"
    )
    reports = json.loads(capsys.readouterr().out)
    assert [(row["split"], row["clips"], row["captions"]) for row in reports] == [
        ("train", 1, 2),
        ("val", 1, 2),
    ]
    same = f"--set=data.val.path={tmp_path / 'a.jsonl'}"
    assert main(["data", "check", str(config), "--split", "train", "--split", "val", same]) == 1
    assert "1 clips" not in (said := capsys.readouterr().err)
    assert "1 clip that is in 'train' too" in said


@pytest.mark.parametrize("name", ["toy", "core/toy"])
def test_a_split_that_is_not_there_is_a_mistake_of_the_command(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", name, "--split", "tset"]) == 2
    assert "has no split 'tset'; did you mean 'test'?" in capsys.readouterr().err


def test_what_belongs_to_a_dataset_is_refused_of_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "core/toy", "--root", "x"]) == 2
    assert "--set data.train.root=FOLDER" in capsys.readouterr().err
