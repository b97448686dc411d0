"""Features of frozen encoders are made once: the same training, without a video being read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.config.files import Config
from vidcap_core.datasets.inputs import FrameReader
from vidcap_core.engine import runs
from vidcap_core.errors import UserError
from vidcap_core.saved import checkpoint
from vidcap_core.testing import tiny

FRAMES = {"kind": "uniform", "count": 4, "short_side": 24}
TRIED = 2
"""Clips of each phase that go through the parts before the run."""
TRAIN = {"type": "Toy", "split": "train", "size": "small", "frames": FRAMES, "limit": 6, "unit": "clip"}


def keys(*cache: str, data: dict[str, Any] | None = None, **phase: Any) -> dict[str, Any]:
    """A phase in which the video encoder trains, and one in which it does not."""
    return tiny.config(
        data={"train": {**TRAIN, **(data or {})}, "val": {**TRAIN, "split": "val", "limit": 2}},
        encoders={"video": {"type": "frozen_parts:Pixels"}},
        head={"type": "MeanPoolGRU", "streams": {"video": 8}, "width": 8, "dropout": 0.1},
        phases={
            "all": {"steps": 2, "losses": ["tokens"]},
            "frozen": {
                "epochs": 2,
                "losses": ["tokens"],
                "freeze": ["encoders.video"],
                "cache": list(cache),
                **phase,
            },
        },
        evaluate={"every": 0, "metrics": ["cider-d"], "best": None},
        runtime={"batch": 3, "save_every": 1, "keep": 9, "log_every": 1},
    )


def train(folder: Path, config: dict[str, Any], **options: Any) -> dict[str, torch.Tensor]:
    runs.train(Config("frozen", config), work_dir=folder, device="cpu", quiet=True, **options)
    content, _ = checkpoint.latest(folder / "checkpoints")
    assert content is not None
    return content["weights"]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the clips whose frames are read."""
    seen: list[str] = []
    call = FrameReader.__call__

    def noted(self: FrameReader, record: Any, rng: Any) -> Any:
        seen.append(record.id)
        return call(self, record, rng)

    monkeypatch.setattr(FrameReader, "__call__", noted)
    return seen


def test_the_training_is_the_same_and_each_video_is_read_once(tmp_path: Path, read: list[str]) -> None:
    live = train(tmp_path / "live", keys())
    assert len(read) == 2 * TRIED + 2 * 3 + 2 * 6 + 2  # two steps, two epochs, two clips that are scored
    read.clear()
    kept = train(tmp_path / "kept", keys("video"))
    assert len(read) == 2 * TRIED + 2 * 3 + 6 + 2
    for name, value in live.items():
        assert torch.allclose(value, kept[name], atol=1e-6), name
    assert "6 clips encoded, 0 were there" in (tmp_path / "kept" / "log.txt").read_text()


def test_features_are_those_of_the_transformed_frames(tmp_path: Path) -> None:
    """A transform that draws nothing is no hindrance; another one, and the features are made anew."""
    upside_down = {"transforms": [{"type": "transform_parts:Upright"}]}
    live = train(tmp_path / "live", keys(data=upside_down))
    kept = train(tmp_path / "kept", keys("video", data=upside_down))
    assert all(torch.allclose(value, kept[name], atol=1e-6) for name, value in live.items())
    config = keys("video")
    config["phases"]["turned"] = {**config["phases"]["frozen"], "data": upside_down}
    train(tmp_path / "both", config)
    assert (tmp_path / "both" / "log.txt").read_text().count("6 clips encoded, 0 were there") == 2


def test_a_resumed_run_finds_what_was_made(tmp_path: Path, read: list[str]) -> None:
    weights = train(tmp_path, keys("video"))
    for path in sorted((tmp_path / "checkpoints").glob("step-*.pt"))[3:]:
        path.unlink()
    read.clear()
    again = train(tmp_path, keys("video"), resume=True)
    assert len(read) == 2  # those that are scored
    assert all(torch.equal(value, again[name]) for name, value in weights.items())


def test_phases_share_what_an_encoder_with_the_same_weights_made(tmp_path: Path, read: list[str]) -> None:
    config = keys("video")
    config["phases"]["more"] = config["phases"]["frozen"]
    train(tmp_path, config)
    assert len(read) == 3 * TRIED + 2 * 3 + 6 + 2
    assert "0 clips encoded, 6 were there" in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (keys("sound"), "there is no encoder 'sound'; there is video"),
        (keys("video", freeze=[]), "'video' trains in this phase\n  try: freeze="),
        (
            keys("video", data={"frames": {**FRAMES, "kind": "segment"}}),
            r"drawn at random each time: frames\n.*\.frames\.kind=",
        ),
        (
            keys("video", data={"transforms": [{"type": "transform_parts:Mirror"}]}),
            r"drawn at random each time: transform_parts:Mirror\n  try: --set data\.train\.transforms=None",
        ),
        (keys("video", data={"sample": {"count": 3}}), "would choose among its rows"),
        (
            keys(
                "video",
                data={
                    "frames": {**FRAMES, "kind": "segment"},
                    "transforms": [{"type": "transform_parts:Mirror"}],
                    "sample": {"count": 3},
                },
            ),
            r"among its rows; drawn at random each time: frames, transform_parts:Mirror\n  try: "
            r"--set data\.train\.sample=None --set data\.train\.frames\.kind='uniform' "
            r"--set data\.train\.transforms=None",
        ),
        (keys("video", data={"frames": None}), "the training clips bring no frames"),
    ],
    ids=["unknown", "trains", "random", "transform", "rows", "all three", "no frames"],
)
def test_what_would_not_stay_the_same_is_refused_before_training(
    tmp_path: Path, config: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError, match=f"phase 'frozen': cache: .*{reason}"):
        train(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_texts_are_not_kept(tmp_path: Path) -> None:
    config = keys("text", freeze=["encoders.text"])
    config["encoders"]["text"] = {"type": "mffcl.SmallText", "dim": 8}
    with pytest.raises(UserError, match="'text' reads text"):
        train(tmp_path / "run", config)
