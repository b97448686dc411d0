"""Every registered data set, and the one in memory, gives what the contract says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcap_core.captioner.build import build_tokenizer
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Clip, Event, Sample
from vidcap_core.errors import ConfigError
from vidcap_core.testing import tiny
from vidcap_core.zoo.registry import DATASETS

TWINS = {
    "core.ActivityNet": "long/activitynet",
    "core.EmVidCap": "clips/emvidcap",
    "core.Jsonl": "clips/jsonl",
    "core.MSRVTT": "clips/msrvtt",
    "core.MSVD": "clips/msvd",
    "core.Toy": "clips",
    "core.VATEX": "clips/vatex",
    "core.YouCook2": "long/youcook2",
}
PARTS = {"core.Flickr8k": "flickr8k", "core.MSRVTTPart": "msrvtt", "core.MSVDPart": "msvd"}
"""Those that are a part, or have no twin: they are there only where somebody has put them."""
MADE = {"core.Mixture", "core.Shards", "wsdvc_mask.MadeUp"}
"""Those with tests of their own."""


def check(dataset: Dataset) -> None:
    """What every user of a data set relies on."""
    assert isinstance(dataset, Dataset)
    assert all(isinstance(clip, Clip) for clip in dataset.clips)
    ids = {clip.id for clip in dataset.clips}
    assert len(dataset) >= len(ids) > 0
    sample = dataset.get(0, np.random.default_rng(0))
    assert isinstance(sample, Sample)
    assert sample.clip.id == dataset.clips[0].id
    assert all(isinstance(text, str) for text in dataset.captions())
    assert dataset.references().keys() >= ids
    assert all(isinstance(text, str) for texts in dataset.references().values() for text in texts)
    files = dataset.events()
    assert not isinstance(files, dict)
    assert {clip for file in files for clip in file} >= ids
    assert all(isinstance(e, Event) for file in files for events in file.values() for e in events)
    assert all(seconds > 0 for seconds in dataset.durations().values())
    assert " of " in dataset.coverage()
    assert dataset.fingerprint() == dataset.fingerprint()


def test_nobody_is_left_out() -> None:
    """A new data set is written into one of the tables above."""
    assert {entry.full_name for entry in DATASETS} == TWINS.keys() | PARTS.keys() | MADE


@pytest.mark.parametrize("name", sorted(TWINS))
def test_a_dataset_and_its_toy_twin(name: str, clips_folder: Path, long_folder: Path) -> None:
    kind, _, part = TWINS[name].partition("/")
    folder = {"clips": clips_folder, "long": long_folder}[kind] / part
    check(DATASETS.load(name)("train", root=str(folder), unit="clip"))


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_part_with_real_features(name: str, shared_data: Path) -> None:
    check(DATASETS.load(name)("val", root=str(shared_data / PARTS[name]), unit="clip"))


def test_a_dataset_that_is_made(tmp_path: Path) -> None:
    check(DATASETS.load("wsdvc_mask.MadeUp")("val", root=str(tmp_path), unit="clip", streams=["image"]))


@pytest.mark.parametrize("unit", ["caption", "clip"])
def test_tiny_clips(unit: str) -> None:
    check(tiny.TinyClips(unit=unit, events=2))


@pytest.mark.parametrize("missing", ["get", "events", "coverage", "clips"])
def test_what_lacks_a_part_is_no_dataset(missing: str) -> None:
    names = ["clips", "get", "captions", "references", "events", "durations", "coverage", "fingerprint"]
    parts: dict[str, Any] = {name: (lambda self: None) for name in [*names, "__len__"] if name != missing}
    assert not isinstance(type("Lacking", (), parts)(), Dataset)


def test_a_vocabulary_without_captions_says_so() -> None:
    with pytest.raises(ConfigError, match="Vocabulary learns its words from training captions"):
        build_tokenizer(validate(Config("tiny", tiny.config())), None)
