"""A config whose training would see other pictures than captioning is refused before it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import make, slope

from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.config.files import Config
from vidcap_core.contracts.types import Clip
from vidcap_core.encoders.timm_image import TimmImage
from vidcap_core.engine import runs
from vidcap_core.errors import ConfigError
from vidcap_core.features.extract import extract
from vidcap_core.features.store import FeatureStore
from vidcap_core.testing import tiny

ASKED = {"count": 4, "short_side": 24}  # by frozen_parts:Pixels, of squares


def config(train: dict[str, Any], val: dict[str, Any] | None = None, **sections: Any) -> Config:
    data = {"type": "Toy", "size": "small", "unit": "clip", "limit": 2}
    val = {"frames": ASKED} if val is None else val
    made = tiny.config(
        data={"train": {**data, "split": "train", **train}, "val": {**data, "split": "val", **val}},
        encoders={"video": {"type": "frozen_parts:Pixels"}},
        head={"type": "MeanPoolGRU", "streams": {"video": 8}, "width": 8},
        phases={"words": {"steps": 1, "losses": ["tokens"]}},
        evaluate={"every": 0, "metrics": [], "best": None},
        runtime={"batch": 2},
    )
    return Config("mine", {**made, **sections})


def refused(of: Config, folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        runs.train(of, work_dir=folder / "run", device="cpu", quiet=True)
    assert not (folder / "run").exists(), "something was written before"
    return str(caught.value)


def test_other_pictures_in_training(tmp_path: Path) -> None:
    said = refused(config({"frames": {"count": 6, "short_side": 32, "crop": None}}), tmp_path)
    assert said.startswith(
        "mine: data.train.frames: training would see other pictures than captioning: of a file, encoders.video "
        "(Pixels) asks for count=4, short_side=24, crop='center'\n  try: --set data.train.frames.count=4 "
        "--set data.train.frames.short_side=24 --set data.train.frames.crop='center'; or"
    )


def test_other_pictures_in_scoring_or_in_a_phase(tmp_path: Path) -> None:
    said = refused(
        config({"frames": ASKED}, {"frames": {**ASKED, "kind": "fps", "count": None, "rate": 2}}), tmp_path
    )
    assert "data.val.frames: " in said
    assert "--set data.val.frames.kind='uniform'" in said
    phase = {"steps": 1, "losses": ["tokens"], "data": {"frames": {**ASKED, "count": 5}}}
    said = refused(config({"frames": ASKED}, phases={"words": phase}), tmp_path)
    assert "phases.words.data.frames: " in said
    assert "try: --set phases.words.data.frames.count=4;" in said


def test_frames_at_random_moments_train_what_captions_at_even_ones(tmp_path: Path) -> None:
    runs.train(
        config({"frames": {**ASKED, "kind": "segment"}}), work_dir=tmp_path / "run", device="cpu", quiet=True
    )
    assert (tmp_path / "run" / "scores-val.json").is_file()


def test_an_encoder_that_speaks_another_language(tmp_path: Path) -> None:
    of = config({"frames": ASKED}, encoders={"video": {"type": f"{__name__}:OldPixels"}})
    said = refused(of, tmp_path)
    assert said == "mine: encoders.video: sampling 'uniform' has no 'frames'; it has count"


class OldPixels(TimmImage):
    """Its sampling has a key that is none."""

    def __init__(self) -> None:
        super().__init__("test_resnet", pretrained=False)
        self.sampling = {"kind": "uniform", "frames": 4}


@pytest.mark.parametrize("size", [(96, 48), (48, 80)])
def test_an_encoder_that_looks_at_the_middle_gets_squares_and_sees_what_it_saw(
    size: tuple[int, int], tmp_path: Path
) -> None:
    """Bit by bit: the square is cut where the encoder itself would have cut."""

    def picture(index: int) -> np.ndarray:
        return np.resize(slope(3 * index), (size[1], size[0], 3))

    path = make(tmp_path / "wide.mp4", 12, picture, size=size)
    encoder = TimmImage("test_resnet", pretrained=False, frames=3)
    assert encoder.crop == "center"
    [squares] = Reader({"image": encoder}).read(path)
    extract([Clip("wide", str(path))], encoder, tmp_path / "squares", dtype="float32")
    encoder.crop = None
    [whole] = Reader({"image": encoder}).read(path)
    assert squares.streams["image"].values.equal(whole.streams["image"].values)
    stored = FeatureStore(tmp_path / "squares")["wide"]
    np.testing.assert_allclose(stored, whole.streams["image"].values, rtol=1e-3, atol=1e-6)
