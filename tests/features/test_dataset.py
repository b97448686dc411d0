"""`vidcap features extract --dataset`: every way in which datasets name their clips, really extracted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from feature_parts import tiny_encoder

from vidcap_core.cli.main import main
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.datasets.msrvtt import MSRVTT
from vidcap_core.datasets.msvd import MSVD
from vidcap_core.datasets.toy import Toy, make_toy
from vidcap_core.features.store import FeatureStore

TINY = tiny_encoder(2)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy(tmp_path_factory.mktemp("toy") / "clips", "clips", "small")


def extract(*arguments: str) -> int:
    return main(["features", "extract", *TINY, *arguments])


def test_toy_with_arguments(toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "s"
    asked = ["--dataset", "toy", "--root", str(toy), "--out", str(out)]
    assert extract(*asked, "--data", "limit=4", "--split", "val") == 0
    some = Toy("val", root=str(toy), unit="clip", limit=4, streams={"image": str(out)})
    assert FeatureStore(out).ids == [clip.id for clip in some.clips]
    assert some[0].streams["image"].shape == (2, 96)
    # a store grows by the splits that are asked for
    assert extract(*asked, "--data", "limit=4", "--split", "val", "--split", "test") == 0
    assert len(FeatureStore(out).ids) == 8
    ids = json.dumps([clip.id for clip in some.clips[2:]])
    assert extract(*asked[:-1], str(tmp_path / "ids"), "--split", "val", "--data", f"ids={ids}") == 0
    assert FeatureStore(tmp_path / "ids").ids == [clip.id for clip in some.clips[2:]]


def linked(folder: Path, toy: Path, names: dict[str, str]) -> Path:
    """Videos of the toy under other names, below the folder of a dataset."""
    (folder / "videos").mkdir()
    for old, new in names.items():
        shutil.copy(toy / "videos" / f"{old}.mp4", folder / "videos" / f"{new}.mp4")
    return folder


def test_msvd_numbers_clips_and_names_files_after_youtube(toy: Path, tmp_path: Path) -> None:
    root = tmp_path / "msvd"
    shutil.copytree(toy / "msvd", root)
    pairs = [line.split() for line in (root / "youtube_mapping.txt").read_text().splitlines()]
    some = [clip.id for clip in MSVD("val", root=str(root), unit="clip").clips][:3]
    linked(root, toy, {f"video{int(number[3:]) - 1}": name for name, number in pairs if number in some})
    out = tmp_path / "s"
    assert extract("--dataset", "msvd", "--root", str(root), "--out", str(out)) == 0
    assert sorted(FeatureStore(out).ids) == sorted(some)
    read = MSVD("val", root=str(root), unit="clip", streams={"image": str(out)})
    assert [clip.id for clip in read.clips] == some


def test_msrvtt_says_how_many_videos_are_not_there(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "msrvtt"
    shutil.copytree(toy / "msrvtt", root)
    val = [clip.id for clip in MSRVTT("val", root=str(root), unit="clip").clips]
    linked(root, toy, {val[0]: val[0], val[5]: val[5]})
    (root / "videos" / f"{val[7]}.mp4").write_text("no film")
    out = tmp_path / "s"
    assert extract("--dataset", "msrvtt", "--data", f"root={root}", "--split", "val", "--out", str(out)) == 1
    said = capsys.readouterr()
    assert "9 of 12 clips have no video" in said.err
    assert "2 made, 0 already there, 1 skipped" in said.out
    assert FeatureStore(out).ids == [val[0], val[5]]
    assert extract("--dataset", "msrvtt", "--root", str(root), "--split", "train", "--out", str(out)) == 2
    assert "none of its 48 clips has a video" in capsys.readouterr().err


def test_jsonl_with_spans(toy: Path, tmp_path: Path) -> None:
    shutil.copy(toy / "videos" / "video1.mp4", tmp_path / "day.mp4")
    lines = [{"video": "day.mp4", "start": s, "end": s + 2, "caption": f"part {s}"} for s in (0, 2)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "s"
    assert (
        extract(
            "--dataset",
            "jsonl",
            "--data",
            f"path={tmp_path / 'all.jsonl'}",
            "--split",
            "train",
            "--out",
            str(out),
        )
        == 0
    )
    store = FeatureStore(out)
    assert store.ids == ["day_0_2", "day_2_4"]
    assert (store["day_0_2"] != store["day_2_4"]).any()
    assert len(Jsonl(path=str(tmp_path / "all.jsonl"), streams={"image": str(out)})) == 2


def test_of_a_config(toy: Path, tmp_path: Path) -> None:
    """The config of a run says which clips, and how they become streams that are not there yet."""
    (tmp_path / "mine.py").write_text(
        '_base_ = ["vidcap://datasets/toy_small.py"]\n'
        f'data = dict(train=dict(limit=3, root={str(toy)!r}, streams=dict(image="not_yet.store")),\n'
        f'            val=dict(limit=2, root={str(toy)!r}, streams=dict(image="not_yet.store")))\n'
        'extract = dict(image=dict(type="TimmImage", model="test_resnet", pretrained=False, frames=2))\n'
    )
    config, out = str(tmp_path / "mine.py"), tmp_path / "s"
    asked = [
        "--dataset",
        config,
        "--encoder",
        config,
        "--split",
        "train",
        "--split",
        "val",
        "--out",
        str(out),
    ]
    assert main(["features", "extract", *asked]) == 0
    assert len(FeatureStore(out).ids) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dataset", "toyy"], "no dataset is named 'toyy'; did you mean 'toy'?"),
        (["--dataset", "toy", "--split", "vall"], "toy: there is no split 'vall'; did you mean 'val'?"),
        (
            ["--dataset", "toy", "--data", "sise=small"],
            "toy: train.sise: Toy has no argument 'sise'; did you mean 'size'?",
        ),
        (["--dataset", "toy", "--data", "kind"], "'kind' is not of the form NAME=VALUE"),
        (["--dataset", "toy", "--data", "split=val"], "--split val"),
        (["--dataset", "msvd", "--root", "/nowhere"], "there is no folder /nowhere"),
        (["--dataset", "gone.py"], "gone.py: there is no such config"),
        (["--videos", ".", "--split", "val"], "belong to --dataset"),
    ],
)
def test_mistakes(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract(*arguments, "--out", str(tmp_path / "s")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "s").exists()
