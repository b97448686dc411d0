"""The official counts on the real annotation files, and the parts with real features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidcap_core.config.validate import load_recipe
from vidcap_core.datasets.activitynet import ActivityNet
from vidcap_core.datasets.check import check_dataset
from vidcap_core.datasets.folded import fold_of
from vidcap_core.datasets.msrvtt import MSRVTT, MSRVTTPart
from vidcap_core.datasets.msvd import MSVD, MSVDPart
from vidcap_core.datasets.youcook2 import YouCook2


def rows(made_by: type, root: Path) -> dict[str, tuple[str, str]]:
    reports = check_dataset(made_by, root=str(root))
    assert not any(report.broken for report in reports)
    return {report.split: (report.row()["clips"], report.row()["captions"]) for report in reports}


def test_msrvtt(shared_data: Path) -> None:
    assert rows(MSRVTT, shared_data / "msrvtt") == {
        "train": ("6,513 of 6,513", "130,260 of 130,260"),
        "val": ("497 of 497", "9,940 of 9,940"),
        "test": ("2,990 of 2,990", "59,800 of 59,800"),
    }


def test_msvd(shared_data: Path) -> None:
    assert rows(MSVD, shared_data / "msvd") == {
        "train": ("1,200 of 1,200", "48,774 of 48,774"),
        "val": ("100 of 100", "4,290 of 4,290"),
        "test": ("585 of 670", "24,160 of 27,763"),
    }


def test_activitynet(shared_data: Path) -> None:
    assert rows(ActivityNet, shared_data / "activitynet") == {
        "train": ("10,009 of 10,009", "37,421 of 37,421"),
        "val": ("4,917 of 4,917", "34,536 of 34,536"),
        "val_1": ("4,917 of 4,917", "17,505 of 17,505"),
        "val_2": ("4,885 of 4,885", "17,031 of 17,031"),
    }
    train = ActivityNet("train", root=str(shared_data / "activitynet"), unit="clip")
    assert {d.what: len(d.ids) for d in train.defects} == {
        "events end before they start": 2,
        "events without length": 2,
        "events end after their video": 29,
    }
    assert all(
        0 <= e.start <= e.end <= train.durations()[clip] for clip, es in train.events()[0].items() for e in es
    )


def test_youcook2(shared_data: Path) -> None:
    assert rows(YouCook2, shared_data / "youcook2") == {
        "train": ("1,333 of 1,333", "10,337 of 10,337"),
        "val": ("457 of 457", "3,492 of 3,492"),
    }


def test_the_mapping_of_vatex_has_the_official_counts(shared_data: Path) -> None:
    """No captions are here, but the numbering of all clips is, and predictions for the public test."""
    from vidcap_core.datasets.files import read_json, read_text
    from vidcap_core.datasets.vatex import VATEX

    clips = {split: official.clips or 0 for split, official in VATEX.counts.items()}
    lines = [line.split() for line in read_text(shared_data / "vatex" / "vatex_mapping.txt.gz").splitlines()]
    assert [number for _, number in lines] == [f"video{n}" for n in range(sum(clips.values()))]
    assert len({name for name, _ in lines}) == 34_991
    assert all(len(name.rsplit("_", 2)[0]) == 11 for name, _ in lines)
    public = read_json(shared_data / "vatex" / "CARE_VATEX_I3D_preds.json.gz")
    assert list(public) == [f"video{n}" for n in range(clips["train"] + clips["val"], sum(clips.values()))]


def test_msvd_part(shared_data: Path) -> None:
    root = str(shared_data / "msvd")
    streams = ["image", "motion", "logits"]
    found = {split: MSVDPart(split, root=root, streams=streams) for split in ("train", "val", "test")}
    assert [data.coverage().split(" (")[0] for data in found.values()] == [
        "279 of 1200",
        "22 of 100",
        "86 of 670",
    ]
    assert [len(MSVDPart(split, root=root, streams=["motion"])) for split in found] == [283, 22, 86]
    sample = found["test"][0]
    assert {name: values.shape for name, values in sample.streams.items()} == {
        "image": (20, 1280),
        "motion": (20, 359),
        "logits": (20, 1000),
    }
    assert sample.text in MSVD("test", root=root).references()[sample.clip.id]


def test_features_of_msvd_part_belong_to_their_captions(shared_data: Path) -> None:
    """The image stream was made from the frames in the zip: the join by names must bring both together."""
    with np.load(shared_data / "msvd" / "effnetlite0_20x1280.npz") as arrays:
        rows = {str(name): values for name, values in zip(arrays["ids"], arrays["feats"], strict=True)}
    data = MSVDPart(
        "val", root=str(shared_data / "msvd"), streams=["image"], frames={"count": 2, "short_side": 32}
    )
    numbers = dict(
        line.split()[::-1] for line in (shared_data / "msvd" / "youtube_mapping.txt").read_text().splitlines()
    )
    for index, clip in enumerate(data.clips):
        sample = data[index]
        assert np.array_equal(sample.streams["image"], rows[numbers[clip.id]])
        assert sample.inputs["frames"].shape == (2, 32, 32, 3)


def test_folds_of_msvd_part(shared_data: Path) -> None:
    root = str(shared_data / "msvd")
    held: list[str] = []
    for fold in range(5):
        train, val = (MSVDPart(split, fold=fold, root=root, streams=["image"]) for split in ("train", "val"))
        assert len(train) + len(val) == 301
        assert 55 <= len(val) <= 65
        assert not set(train.groups("source").values()) & set(val.groups("source").values())
        assert val.coverage().startswith(f"{len(val)} of 1300")
        held += [clip.id for clip in val.clips]
    assert len(held) == len(set(held)) == 301
    test = MSVDPart("test", root=root)
    assert {clip.id for clip in MSVDPart("test", fold=3, root=root).clips} == {clip.id for clip in test.clips}


def test_folds_of_msrvtt_part(shared_data: Path) -> None:
    root = str(shared_data / "msrvtt")
    train, val = (MSRVTTPart(split, fold=2, root=root, streams=["image"]) for split in ("train", "val"))
    assert len(train) + len(val) == 900
    assert len(val) == 180
    assert not set(train.groups("source").values()) & set(val.groups("source").values())
    assert val.coverage().startswith("180 of 6513")


def test_folds_do_not_depend_on_the_order() -> None:
    source = {f"vid{n}": f"s{n % 7}" for n in range(40)}
    ids = list(source)
    assert fold_of(ids, source) == fold_of(ids[::-1], source)


def test_msrvtt_part(shared_data: Path) -> None:
    parts = {
        s: MSRVTTPart(s, root=str(shared_data / "msrvtt"), streams=["image"], unit="clip")
        for s in ("train", "val")
    }
    assert [len(part) for part in parts.values()] == [850, 50]
    official = {clip.id for clip in MSRVTT("train", root=str(shared_data / "msrvtt"), unit="clip").clips}
    assert all({clip.id for clip in part.clips} <= official for part in parts.values())
    assert parts["val"][0].streams["image"].shape == (50, 128)


@pytest.mark.parametrize(("split", "size"), [("train", 10532)])
def test_the_published_vocabulary_of_msrvtt(shared_data: Path, split: str, size: int) -> None:
    from vidcap_core.tokenizers.vocabulary import Vocabulary

    vocabulary = Vocabulary(min_count=3)
    vocabulary.fit(MSRVTT(split, root=str(shared_data / "msrvtt")).captions())
    assert len(vocabulary) - 4 == size


def test_pictures_of_a_zip_are_scored_though_training_frames_are_drawn(shared_data: Path) -> None:
    """The zip takes `uniform` only, which `segment` is where a split is scored."""
    drawn = "data.val.frames={'kind': 'segment', 'count': 4, 'short_side': 32}"
    dataset = load_recipe("core/msvd_part", [drawn, "data.val.limit=2"]).scored_data("val").build()
    one, other = (dataset.get(0, np.random.default_rng(seed)).inputs["frames"] for seed in (1, 2))
    assert one.shape == (4, 32, 32, 3)
    assert np.array_equal(one, other)
