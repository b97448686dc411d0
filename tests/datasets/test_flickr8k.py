"""Flickr8k: the official layout in small, a file of captions with commas, and the real captions."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidcap_core.cli.main import main
from vidcap_core.config.files import load_config
from vidcap_core.datasets.check import check_dataset
from vidcap_core.datasets.extraction import clips_in, clips_of
from vidcap_core.datasets.flickr8k import Flickr8k, read_captions
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.datasets.prepare import prepare
from vidcap_core.errors import DataError

NAMES = [f"{number}_{number:04x}.jpg" for number in range(1000, 1020)]
PARTS = {"train": NAMES[:14], "dev": NAMES[14:17], "test": NAMES[17:]}
LOST = "2258277193_586949ec62.jpg.1"


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """Twenty pictures, five captions each, and those of a picture that there is not."""
    root = tmp_path / "flickr8k"
    (root / "Flickr8k_text").mkdir(parents=True)
    (root / "Flicker8k_Dataset").mkdir()
    lines = [f"{name}#{n}\tPicture {name[:4]} , said {n} .\n" for name in [*NAMES, LOST] for n in range(5)]
    (root / "Flickr8k_text" / "Flickr8k.token.txt").write_text("".join(lines))
    for part, names in PARTS.items():
        (root / "Flickr8k_text" / f"Flickr_8k.{part}Images.txt").write_text("".join(f"{n}\n" for n in names))
    for number, name in enumerate(NAMES):
        Image.new("RGB", (40, 30), (10 * number, 0, 0)).save(root / "Flicker8k_Dataset" / name)
    return root


def counted(root: Path) -> dict[str, tuple[int, int, int]]:
    reports = check_dataset(Flickr8k, root=str(root))
    assert not any(report.broken for report in reports)
    return {report.split: (report.clips, report.captions, report.videos) for report in reports}


def test_the_official_layout(official: Path) -> None:
    assert counted(official) == {"train": (14, 70, 14), "val": (3, 15, 3), "test": (3, 15, 3)}
    train = Flickr8k("train", root=str(official), unit="clip", frames={"kind": "uniform", "count": 4})
    assert [defect.ids for defect in train.defects] == [(LOST,)]
    assert train.coverage().startswith("14 of 6000")
    assert train.clips[1].id == NAMES[1].removesuffix(".jpg")
    sample = train.get(1, np.random.default_rng(0))
    assert sample.inputs["frames"].shape == (4, 224, 224, 3)
    assert abs(int(sample.inputs["frames"][3, 9, 9, 0]) - 10) < 4
    assert sample.times["frames"].tolist() == [0, 0, 0, 0]
    assert train.references()[sample.clip.id] == [f"Picture 1001 , said {n} ." for n in range(5)]
    assert {(e.start, e.end) for e in train.events()[0][sample.clip.id]} == {(0.0, 0.0)}
    assert len(clips_of("flickr8k", (), {"root": str(official)})[0]) == 20


def test_without_split_files_every_16th_name_is_held_out(official: Path) -> None:
    for part in PARTS:
        (official / "Flickr8k_text" / f"Flickr_8k.{part}Images.txt").unlink()
    assert counted(official) == {"train": (18, 90, 18), "val": (2, 10, 2), "test": (0, 0, 0)}
    val = Flickr8k("val", root=str(official))
    assert [clip.id for clip in val.clips] == [NAMES[0][:-4], NAMES[16][:-4]]
    assert val.coverage().endswith("(no split files: every 16th name is val)")
    with pytest.raises(DataError, match="flickr8k, test: not one of 0 clips"):
        Flickr8k("test", root=str(official)).references()


def test_prepared_it_is_the_same(official: Path, tmp_path: Path) -> None:
    (official / "Flickr8k_text" / "Flickr_8k.testImages.txt").unlink()
    with pytest.raises(DataError, match="no names of Flickr8k's test split"):
        Flickr8k("test", root=str(official))
    frames = {"kind": "segment", "count": 2, "short_side": 16}
    out = prepare(Flickr8k, official, tmp_path / "out")
    for folder in (official, out):
        train = Flickr8k("train", root=str(folder), unit="clip", frames=frames)
        assert [clip.id for clip in train.clips] == [name[:-4] for name in PARTS["train"]]
        assert {clip.duration for clip in train.clips} == {0.0}
        assert train.durations() == {}, "nothing can be placed in time"
        assert train[0].inputs["frames"].shape == (2, 16, 16, 3)


def test_pictures_in_a_zip(official: Path) -> None:
    with zipfile.ZipFile(official / "images224.zip", "w") as archive:
        for path in (official / "Flicker8k_Dataset").iterdir():
            archive.write(path, path.name)
    shutil.rmtree(official / "Flicker8k_Dataset")
    frames = {"kind": "segment", "count": 3, "short_side": 20}
    train = Flickr8k("train", root=str(official), unit="clip", frames=frames)
    sample = train.get(2, np.random.default_rng(0))
    assert sample.inputs["frames"].shape == (3, 20, 20, 3)
    assert (sample.inputs["frames"][0] == sample.inputs["frames"][2]).all()
    assert abs(int(sample.inputs["frames"][0, 9, 9, 0]) - 20) < 4
    assert not list(Flickr8k.missing(split="train", root=str(official), frames=frames))
    (official / "images224.zip").unlink()
    lacks = [each.what for each in Flickr8k.missing(split="train", root=str(official), frames=frames)]
    assert lacks == ["flickr8k: videos"]


def test_captions_with_commas(tmp_path: Path) -> None:
    path = tmp_path / "captions.txt"
    path.write_text('image,caption\na.jpg,"A dog , running ."\na.jpg,A dog .\n')
    assert read_captions(path) == {"a.jpg": ["A dog , running .", "A dog ."]}
    path.write_text("image,caption\na.jpg,A dog , running .\n")
    with pytest.raises(DataError, match=r"captions\.txt, line 2: 3 columns"):
        read_captions(path)
    path.write_text("a.jpg A dog\n")
    with pytest.raises(DataError, match=r"captions\.txt, line 1: 'a\.jpg A dog' has no tab"):
        read_captions(path)


def test_a_folder_of_pictures_is_a_folder_of_clips(official: Path) -> None:
    folder = official / "Flicker8k_Dataset"
    assert [clip.id for clip in clips_in(folder)] == [name[:-4] for name in NAMES]
    (folder / "film.mp4").touch()
    assert [clip.id for clip in clips_in(folder)] == ["film"], "pictures beside a video are its covers"


def test_the_base_config(official: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDCAP_DATA", str(official.parent))
    config = load_config("vidcap://datasets/flickr8k.py")
    assert {spec["type"] for spec in config["data"].values()} == {"Flickr8k"}
    assert main(["data", "check", "flickr8k", "--quick"]) == 0


def test_the_real_captions(shared_data: Path) -> None:
    root = shared_data / "flickr8k"
    if not root.is_dir():
        pytest.skip("needs flickr8k among the real data")
    reports = check_dataset(Flickr8k, root=str(root))
    assert {r.split: (r.row()["clips"], r.row()["captions"]) for r in reports} == {
        "train": ("7,585 of 7,585", "37,925 of 37,925"),
        "val": ("506 of 506", "2,530 of 2,530"),
        "test": ("0 of 0", "0 of 0"),
    }
    frames = {"kind": "uniform", "count": 2, "short_side": 64}
    val = Flickr8k("val", root=str(root), unit="clip", frames=frames)
    assert len(val) == 506
    assert val[505].inputs["frames"].shape == (2, 64, 64, 3)


def test_pictures_of_ones_own(official: Path, tmp_path: Path) -> None:
    lines = [f'{{"video": "{name}", "captions": ["a picture"]}}\n' for name in NAMES[:3]]
    (tmp_path / "mine.jsonl").write_text("".join(lines))
    folder = official / "Flicker8k_Dataset"
    frames = {"kind": "segment", "count": 2, "short_side": 16}
    mine = Jsonl(path=str(tmp_path / "mine.jsonl"), root=str(folder), unit="clip", frames=frames)
    assert mine[2].inputs["frames"].shape == (2, 16, 16, 3)
    assert not mine.check().broken
