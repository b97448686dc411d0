"""`vidcap features extract CONFIG`: every store that a config reads, of real videos, by its own encoders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from feature_parts import contents, vidcap_features

from vidcap_core.cli.main import main
from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.extraction import load_encoder
from vidcap_core.errors import ConfigError, DataError, UserError
from vidcap_core.features.extract import encode_clip
from vidcap_core.features.store import FeatureStore

IMAGE = """    image=dict(type="TimmImage", model="test_resnet", pretrained=False, frames=3),
"""
CONFIG = """
_base_ = ["vidcap://datasets/jsonl.py"]
_streams = dict(image="image", std="std", audio="audio")
_data = dict(path={path!r}, root={root!r}, streams=_streams, optional=["audio"])
data = dict(
    train=dict(split="train", **_data), val=dict(split="val", **_data), test=dict(split="test", **_data)
)
head = dict(type="MeanPoolGRU", streams=dict(image=96, std=96, audio=33), width=8)
losses = dict(tokens=dict(type="TokenLoss"))
phases = dict(caption=dict(steps=1, losses=["tokens"]))
evaluate = dict(metrics=["bleu"], best=None)
encoders = dict(std=dict(type="Standardised", stream="image"))
extract = dict(
    image=dict(type="TimmImage", model="test_resnet", pretrained=False, frames=3),
    audio=dict(type="ToySound"),
)
"""


@pytest.fixture
def config(videos: Path, tmp_path: Path) -> Path:
    """Four of its five clips have a video; none has sound."""
    (videos / "note.mp4").unlink()
    splits = ["train", "train", "val", "test", "test"]
    lines = [
        json.dumps({"video": f"film{n}.mp4", "captions": ["a film"], "split": split})
        for n, split in enumerate(splits)
    ]
    (tmp_path / "all.jsonl").write_text("\n".join(lines) + "\n")
    (videos / "film4.mp4").unlink()
    file = tmp_path / "mine.py"
    file.write_text(CONFIG.format(path=str(tmp_path / "all.jsonl"), root=str(videos)))
    return file


def test_all_stores_of_a_config_and_then_its_run(
    config: Path, videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vidcap_features("extract", str(config), "--dry-run") == 0
    said = capsys.readouterr()
    assert not (videos / "features").exists()
    assert "image: 4 x 3 rows x 96 x 2 bytes = 2.3e-06 GB; 4 x " in said.err
    assert "image: 1 of 5 clips have no video" in said.err
    assert vidcap_features("extract", str(config), "--dtype", "float32") == 0
    said = capsys.readouterr()
    assert "0 made, 0 already there, 0 skipped, 4 without sound" in said.out
    image, std, audio = (FeatureStore(videos / "features" / name) for name in ("image", "std", "audio"))
    assert sorted(image.ids) == [f"film{n}" for n in range(4)] == sorted(std.ids)
    assert (len(audio), audio.dim, audio.facts()["rows"]) == (0, 33, "none")
    encoder = load_encoder(str(config), stream="image")
    wanted = encode_clip(encoder, Clip("film3", str(videos / "film3.mp4")))
    np.testing.assert_allclose(image["film3"], wanted, rtol=1e-4, atol=1e-5)
    learnt = np.concatenate([image["film0"], image["film1"]])
    mean, std_of = learnt.mean(0), learnt.std(0)
    there = std_of > 1e-3
    np.testing.assert_allclose(
        std["film3"][:, there], ((image["film3"] - mean) / std_of)[:, there], rtol=1e-3, atol=1e-3
    )
    before = {name: contents(videos / "features" / name) for name in ("image", "std", "audio")}
    assert vidcap_features("extract", str(config), "--dtype", "float32") == 0
    assert {name: contents(videos / "features" / name) for name in before} == before
    assert main(["run", str(config), "--work-dir", str(tmp_path / "run"), "--device", "cpu"]) == 0


def test_what_is_not_to_be_made_is_said_before_anything_is(config: Path, videos: Path) -> None:
    text = config.read_text()
    config.write_text(text.replace(IMAGE, ""))
    with pytest.raises(ConfigError, match="nothing says how the stream 'image' is made"):
        vidcap_features("extract", str(config))
    config.write_text(text)
    with pytest.raises(ConfigError, match=r"no split reads a stream 'pictures': it reads audio, image, std"):
        vidcap_features("extract", str(config), "--stream", "pictures")
    with pytest.raises(UserError, match="--out is for one store"):
        vidcap_features("extract", str(config), "--out", "x")
    vidcap_features("extract", str(config), "--stream", "image")
    with pytest.raises(DataError, match="another recipe: sampling"):
        vidcap_features("extract", str(config), "--set", "extract.image.frames=4")
    shutil.rmtree(videos / "features")
    for film in videos.glob("*.mp4"):
        film.unlink()
    with pytest.raises(DataError, match="none of the 5 clips of jsonl has a video"):
        vidcap_features("extract", str(config))


def test_imported_stores_are_left_as_they_are(
    config: Path, videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "theirs.npz", **{f"film{n}": np.ones((2, 96), np.float32) for n in range(3)})
    assert (
        vidcap_features("import", str(tmp_path / "theirs.npz"), "--out", str(videos / "features/image")) == 0
    )
    assert vidcap_features("extract", str(config), "--stream", "image") == 0
    assert "imported" in capsys.readouterr().out
    assert len(FeatureStore(videos / "features" / "image")) == 3
