"""What a data set lacks is said before a run: annotations, videos, features, and clips that have none of them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import make, slope

from vidcap_core.cli import main
from vidcap_core.config import preflight
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.datasets.stores import open_store
from vidcap_core.engine import runs
from vidcap_core.errors import ConfigError, DataError, UserError
from vidcap_core.testing import tiny

FRAMES = {"kind": "uniform", "count": 2, "short_side": 32}


def annotate(root: Path) -> None:
    """MSR-VTT's format: two training clips, a validation clip and a test clip."""
    splits = {"video0": "train", "video1": "train", "video2": "validate", "video3": "test"}
    videos = [
        {"id": n, "video_id": clip, "split": split, "start time": 0.0, "end time": 2.0}
        for n, (clip, split) in enumerate(splits.items())
    ]
    said = [
        {"video_id": clip, "caption": text}
        for clip in splits
        for text in ("a red ball rolls", "a ball moves")
    ]
    root.mkdir(exist_ok=True)
    for name in ("train_val_videodatainfo.json", "test_videodatainfo.json"):
        (root / name).write_text(json.dumps({"videos": videos, "sentences": said}))


def film(root: Path, clip: str) -> None:
    make(root / f"{clip}.mp4", 8, slope, size=(48, 32))


def run_config(root: Path, **arguments: Any) -> Config:
    data = {
        split: {"type": "MSRVTT", "split": split, "root": str(root), **arguments}
        for split in ("train", "val")
    }
    return Config("mine", tiny.config(data=data))


def complaint(config: Config, *splits: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        preflight.check(validate(config), splits)
    return str(caught.value).splitlines()


def test_feature_stores_that_are_not_there_are_listed_with_all_else(tmp_path: Path) -> None:
    """Each with where it was looked for, and a command that can be typed."""
    streams = {"image": "clip.store", "motion": str(tmp_path / "motion.npz")}
    config = run_config(tmp_path / "data", streams=streams, frames=FRAMES)
    what = ["annotations", "videos", "features 'image'", "features 'motion'"]
    lines = complaint(config, "train", "val")
    assert lines[1::3] == [f"  msrvtt: {part}  (data.train, data.val)" for part in what]

    annotate(tmp_path / "data")
    film(tmp_path / "data", "video0")
    np.savez(tmp_path / "motion.npz", ids=np.array(["video0"]), feats=np.ones((1, 4, 3), np.float32))
    lines = complaint(config, "train")
    assert lines[1] == "  msrvtt: features 'image'  (data.train)"
    assert lines[2] == f"    looked for: {tmp_path}/data/features/clip.store or {Path.cwd()}/clip.store"
    command, _, _ = lines[3].removeprefix("    try: ").partition("   (")
    assert (
        command
        == f"vidcap features extract --dataset msrvtt --encoder ENCODER --out {tmp_path}/data/features/clip.store"
    )
    words = shlex.split(command.replace("ENCODER", "EfficientNetLite0"))
    main.build_parser(words[1])[0].parse_args(words[1:])


def test_a_store_that_is_opened_and_not_there_says_the_same(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="extract --dataset msrvtt --encoder ENCODER --out"):
        open_store(tmp_path / "none", "msrvtt")


def test_videos_of_other_splits_are_no_videos_of_this_one(tmp_path: Path) -> None:
    """Annotations, and one film of the test split: not one clip of the others can be used, and that is counted."""
    annotate(tmp_path)
    film(tmp_path, "video3")
    config = run_config(tmp_path, frames=FRAMES)
    lines = complaint(config, "train", "val")
    why = "not one of 6,513 clips can be used: 2 nothing to read frames from (such as video0)"
    assert lines[1] == f"  msrvtt, train: {why}  (data.train)"
    assert lines[2] == f"    looked for: videos in {tmp_path}"
    assert lines[4].startswith(
        "  msrvtt, val: not one of 497 clips can be used: 1 nothing to read frames from"
    )
    film(tmp_path, "video1")
    assert [line[:14] for line in complaint(config, "train", "val")[1::3]] == ["  msrvtt, val:"]
    preflight.check(validate(config), ("train",))  # one of two is there: that is warned of, as ever


def test_stores_without_the_clips_of_a_split_are_named(tmp_path: Path) -> None:
    annotate(tmp_path)
    store = tmp_path / "other.npz"
    np.savez(store, ids=np.array(["video3"]), feats=np.ones((1, 4, 3), np.float32))
    lines = complaint(run_config(tmp_path, streams={"image": str(store)}), "train")
    assert "2 no features in 'image' (such as video0)" in lines[1]
    assert str(store) in lines[2]


def test_a_part_that_lies_in_one_folder_is_found_and_not_extracted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its features came with its `split.json`, so that folder is what to look for, and no encoder."""
    monkeypatch.setenv("VIDCAP_SHARED_DATA", str(tmp_path))
    monkeypatch.setenv("VIDCAP_DATA", str(tmp_path / "none"))
    data = {split: {"type": "MSVDPart", "split": split, "streams": ["image"]} for split in ("train", "val")}
    config = Config("mine", tiny.config(data=data))
    fix = "    try: set VIDCAP_SHARED_DATA to the folder that holds msvd/split.json"
    lines = complaint(config, "train")
    what = ["annotations", "features 'image'"]
    assert lines[1::3] == [f"  msvd_part: {part}  (data.train)" for part in what]
    assert lines[3::3] == [fix, fix]
    (tmp_path / "msvd").mkdir()
    (tmp_path / "msvd" / "split.json").write_text("{}")
    lines = complaint(config, "train")
    assert [lines[1], lines[3]] == ["  msvd_part: features 'image'  (data.train)", fix]


def test_frames_that_are_packed_need_no_videos(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDCAP_SHARED_DATA", str(tmp_path))
    monkeypatch.setenv("VIDCAP_DATA", str(tmp_path / "none"))
    (tmp_path / "msvd").mkdir()
    for path in (shared_data / "msvd").iterdir():
        if path.is_file():
            (tmp_path / "msvd" / path.name).symlink_to(path)
    frames = {"count": 2, "short_side": 32}
    data = {split: {"type": "MSVDPart", "split": split, "frames": frames} for split in ("train", "val")}
    preflight.check(validate(Config("mine", tiny.config(data=data))), ("val",))


def test_jsonl_is_looked_for_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "lines").mkdir()
    path = tmp_path / "lines" / "mine.jsonl"
    path.write_text(json.dumps({"video": "video0.mp4", "captions": ["a ball rolls"], "split": "train"}))
    data = {
        "train": {"type": "Jsonl", "split": "train", "path": str(path), "streams": {"image": "clip.store"}}
    }
    config = Config("mine", tiny.config(data=data, evaluate={"split": "train"}))
    assert complaint(config, "train")[1] == "  jsonl: features 'image'  (data.train)"
    film(tmp_path, "video0")
    path.write_text(json.dumps({"video": str(tmp_path / "video0.mp4"), "captions": ["a ball rolls"]}))
    data["train"] |= {"streams": None, "frames": FRAMES}
    preflight.check(validate(config), ("train",))


@pytest.mark.parametrize(("film_of", "empty"), [("video2", "train"), ("video0", "val")])
def test_training_on_nothing_or_towards_nothing_is_refused_before_it(
    film_of: str, empty: str, tmp_path: Path
) -> None:
    """From Python, where nobody asked beforehand; a pretrained tokenizer reads no caption, so it saw nothing."""
    annotate(tmp_path / "data")
    film(tmp_path / "data", film_of)
    config = run_config(tmp_path / "data", frames=FRAMES)
    config.data["tokenizer"] = {"type": f"{__name__}:Pretrained"}
    config.data["extract"] = {}
    config.data["encoders"] = {"image": {"type": "ToyGrid", "stream": "image"}}
    config.data["evaluate"] = {"metrics": ["cider-d"], "best": None, "every": 0}
    with pytest.raises(ConfigError, match=rf"data\.{empty}: not one of [\d,]+ clips can be used"):
        runs.train(config, work_dir=tmp_path / "run", device="cpu", quiet=True)
    assert not (tmp_path / "run").exists()


class Pretrained:
    """A tokenizer that learns nothing from captions."""

    pad_id, bos_id, eos_id, unknown_id = range(4)
    special_ids = frozenset(range(4))

    def __len__(self) -> int:
        return 5

    def encode(self, text: str) -> list[int]:
        return [4 for _ in text.split()]

    encode_raw = encode

    def token_id(self, token: str) -> int:
        return 4

    def decode(self, ids: list[int]) -> str:
        return " ".join("word" for number in ids if number == 4)

    def state(self) -> dict[str, Any]:
        return {}
