"""Extraction from real videos: the command, what it skips, and what a kill costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import clip_parts
import numpy as np
import pytest
import torch
from feature_parts import contents, tiny_encoder, vidcap_features

from vidcap_core.datasets.extraction import clips_in, load_encoder
from vidcap_core.errors import ConfigError, DataError, UserError
from vidcap_core.features.index import read_index, write_index
from vidcap_core.features.store import FeatureStore
from vidcap_core.video import read_frames

TINY = tiny_encoder(4)


def test_extract_skips_and_reports(videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "store"
    assert vidcap_features("extract", "--videos", str(videos), *TINY, "--out", str(out)) == 1
    said = capsys.readouterr().out
    assert "6 made, 0 already there, 1 skipped" in said
    assert "note" in said
    assert "note.mp4" in said
    store = FeatureStore(out)
    assert store.ids == [f"film{i}" for i in range(6)]
    assert store.recipe["model"] == "test_resnet"
    assert store.recipe["pretrained"] == "random(0)"
    assert store.recipe["sampling"] == {"kind": "uniform", "count": 4}
    (videos / "note.mp4").unlink()
    before = contents(out)
    assert vidcap_features("extract", "--videos", str(videos), *TINY, "--out", str(out)) == 0
    assert "0 made, 6 already there" in capsys.readouterr().out
    assert contents(out) == before


def test_features_are_what_the_encoder_says(videos: Path, tmp_path: Path) -> None:
    vidcap_features(
        "extract", "--videos", str(videos), *TINY, "--out", str(tmp_path / "s"), "--dtype", "float32"
    )
    encoder = load_encoder("TimmImage", ["model=test_resnet", "pretrained=False", "frames=4"])
    film = read_frames(videos / "film3.mp4", encoder.sampling, short_side=encoder.short_side)
    with torch.inference_mode():
        wanted = encoder(torch.from_numpy(film.values)[None], torch.ones(1, 4, dtype=torch.bool)).values[0]
    np.testing.assert_allclose(FeatureStore(tmp_path / "s")["film3"], wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_a_store_of_the_other_activation_is_another_recipe(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same weights, and the same hash of them: the recipe's `activation` alone tells the two apart."""
    clip_parts.register(tmp_path)
    clip = [
        "--encoder",
        "OpenClipImage",
        "--set",
        f"model={clip_parts.NAME}",
        "--set",
        "pretrained=False",
        "--set",
        "frames=2",
        "--out",
        str(tmp_path / "store"),
    ]
    first = ["extract", "--videos", str(videos), *clip, "--set", "quick_gelu=True"]
    assert vidcap_features(*first) == 1
    assert FeatureStore(tmp_path / "store").recipe["activation"] == "quick_gelu"
    assert vidcap_features(*first) == 1
    assert "0 made, 6 already there" in capsys.readouterr().out
    refused = "another recipe: activation is 'quick_gelu' there, 'gelu' here\n  try: --out ANOTHER_FOLDER"
    with pytest.raises(DataError, match=refused):
        vidcap_features("extract", "--videos", str(videos), *clip, "--set", "quick_gelu=False")
    index = read_index(tmp_path / "store")
    del index["recipe"]["activation"]  # as stores were written before it was known
    write_index(tmp_path / "store", index)
    with pytest.raises(DataError, match="activation is None there, 'quick_gelu' here"):
        vidcap_features(*first)


@pytest.mark.parametrize("after", [1, 3])
def test_killed_and_restarted_is_byte_identical(videos: Path, tmp_path: Path, after: int) -> None:
    run = [sys.executable, "-c", RUN, "extract", "--videos", str(videos), *TINY, "--workers", "2", "--out"]
    assert subprocess.run([*run, str(tmp_path / "whole")], capture_output=True).returncode == 1
    killed = tmp_path / "killed"
    process = subprocess.Popen([*run, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = killed / "journal.jsonl"
    end = time.monotonic() + 120
    while time.monotonic() < end and not (journal.is_file() and journal.read_bytes().count(b"\n") > after):
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert subprocess.run([*run, str(killed)], capture_output=True).returncode == 1
    assert contents(killed) == contents(tmp_path / "whole")


RUN = """
import argparse, sys, time
from vidcap_core.cli import features
from vidcap_core.features.writer import FeatureWriter
real = FeatureWriter.add
def slow(self, clip, values):  # leaves the test time to kill between two clips
    real(self, clip, values)
    time.sleep(0.05)
FeatureWriter.add = slow
parser = argparse.ArgumentParser()
features.add_parser(parser.add_subparsers())
args = parser.parse_args(["features", *sys.argv[1:]])
sys.exit(args.func(args))
"""


def test_an_encoder_from_a_config(tmp_path: Path) -> None:
    file = tmp_path / "enc.py"
    file.write_text('encoder = dict(type="TimmImage", model="test_vit", pretrained=False)\n')
    assert load_encoder(str(file)).recipe()["model"] == "test_vit"
    assert load_encoder(str(file), ["encoder.frames=3"]).sampling["count"] == 3
    file.write_text(
        'extract = dict(a=dict(type="TimmImage", model="test_vit", pretrained=False),\n'
        '               b=dict(type="TimmImage", model="test_resnet", pretrained=False))\n'
    )
    assert load_encoder(str(file), stream="b").recipe()["model"] == "test_resnet"
    with pytest.raises(ConfigError, match="which encoder"):
        load_encoder(str(file))
    with pytest.raises(ConfigError, match="no argument 'modle'"):
        load_encoder("TimmImage", ["modle=x"])


def test_clips_in_a_folder(videos: Path, tmp_path: Path) -> None:
    assert [clip.id for clip in clips_in(videos)] == [*(f"film{i}" for i in range(6)), "note"]
    (videos / "film1.avi").write_bytes(b"x")
    with pytest.raises(DataError, match="same id 'film1'"):
        clips_in(videos)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no video"):
        clips_in(tmp_path / "empty")


def test_an_encoder_of_texts_reads_no_files(videos: Path, tmp_path: Path) -> None:
    from vidcap_core.contracts.encoder import Encoder
    from vidcap_core.features.extract import extract

    class Words(Encoder):
        reads = "text"

    with pytest.raises(UserError, match="reads text"):
        extract(clips_in(videos), Words(), tmp_path / "s")


def test_inspect(videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "store"
    vidcap_features("extract", "--videos", str(videos), *TINY, "--out", str(out))
    assert vidcap_features("inspect", str(out), "--verify") == 0
    assert "every hash is right" in capsys.readouterr().out
    shard = next(out.glob("*.safetensors"))
    raw = bytearray(shard.read_bytes())
    raw[-1] ^= 255
    shard.write_bytes(raw)
    assert vidcap_features("inspect", str(out), "--verify") == 1
