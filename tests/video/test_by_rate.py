"""Frames by rate, every Nth and in windows: the same pictures and times wherever files are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from films import add_sound, grey_level, make, tone
from torch import Tensor

from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip, Stream
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.encoders.torchvision_video import TorchvisionVideo
from vidcap_core.encoders.vggish import VGGish
from vidcap_core.errors import ConfigError, VideoError
from vidcap_core.features.extract import extract
from vidcap_core.features.store import FeatureStore
from vidcap_core.video import read_frames
from vidcap_core.video.probe import probe

FPS = {"kind": "fps", "rate": 2.0}
EVERY = {"kind": "every", "step": 5}
WINDOWS = {"kind": "windows", "size": 4, "stride": 2}
"""Of 20 frames in 2 s: nine windows."""
STARTS = np.arange(0, 17, 2)
DEFAULT_DURATION = bytes.fromhex("23E383")
"""By which a Matroska file says how long each of its frames is shown; it may do without."""


class Level(Encoder):
    """The number of the picture, as `films.make` paints it; a row a window where there are windows."""

    reads = "frames"

    def __init__(self, sampling: Any) -> None:
        super().__init__()
        self.dim, self.sampling = 1, sampling

    def forward(self, x: Tensor, mask: Tensor) -> Stream:
        levels = x.float().mean((2, 3, 4)) / 10
        levels = levels.reshape(len(x), -1, self.sampling.get("size", 1)).mean(-1, keepdim=True)
        return Stream(levels, torch.ones(levels.shape[:2], dtype=torch.bool))

    def describe(self) -> dict[str, Any]:
        return {}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("films") / "film.mp4")


def numbers(film: Path, sampling: dict[str, Any], **options: Any) -> list[int]:
    return [round(float(f.mean()) / 10) for f in read_frames(film, sampling, **options).values]


def test_which_pictures(film: Path) -> None:
    assert numbers(film, FPS) == [2, 7, 12, 17]
    assert numbers(film, EVERY) == [0, 5, 10, 15]
    assert numbers(film, {**EVERY, "most": 2}) == [0, 15]
    assert numbers(film, EVERY, start=1.0) == [10, 15]
    assert numbers(film, WINDOWS) == [s + i for s in STARTS for i in range(4)]


def test_windows_of_a_file_whose_stamps_are_out_of_order(tmp_path: Path) -> None:
    avi = make(tmp_path / "film.avi", codec="mpeg4", options={"bf": "2"})
    film = numbers(avi, {"kind": "fps", "rate": 10.0})
    starts = range(0, len(film) - 3, 2)
    assert numbers(avi, {**WINDOWS, "rate": 10.0}) == [film[s + i] for s in starts for i in range(4)]


@pytest.mark.parametrize("sampling", [FPS, EVERY, WINDOWS], ids=lambda s: s["kind"])
def test_captioning_and_extraction_see_the_same_at_the_same_times(
    film: Path, tmp_path: Path, sampling: dict[str, Any]
) -> None:
    encoder = Level(sampling)
    [whole] = Reader({"image": encoder}).read(film)
    stream = whole.streams["image"]
    assert stream.times is not None
    np.testing.assert_allclose(stream.values[:, 0], stream.times * 10 - 0.5, atol=0.1)
    extract([Clip("film", str(film))], encoder, tmp_path / "store", dtype="float32")
    np.testing.assert_array_equal(FeatureStore(tmp_path / "store")["film"], stream.values)
    halves = list(Reader({"image": encoder}).read(film, every=1.0))
    for half in halves:
        each = half.streams["image"]
        assert each.times is not None
        np.testing.assert_allclose(each.values[:, 0], each.times * 10 - 0.5, atol=0.1)
    assert [len(half.streams["image"].values) for half in halves] == [2 if "size" not in sampling else 4] * 2


@pytest.mark.parametrize("sampling", [FPS, {**WINDOWS, "rate": 10.0}], ids=lambda s: s["kind"])
def test_rows_of_a_store_have_the_times_of_its_recipe(
    film: Path, tmp_path: Path, sampling: dict[str, Any]
) -> None:
    extract([Clip("film", str(film))], Level(sampling), tmp_path / "store", dtype="float32")
    line = '{"video": "film.mp4", "caption": "a film", "duration": 2.0}\n'
    (tmp_path / "all.jsonl").write_text(line)
    data = Jsonl(
        path=str(tmp_path / "all.jsonl"), root=str(film.parent), streams={"image": str(tmp_path / "store")}
    )
    sample = data[0]
    np.testing.assert_allclose(sample.times["image"] * 10 - 0.5, sample.streams["image"][:, 0], atol=0.1)


def test_a_video_without_a_frame_rate(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mkv", count=3)
    content = film.read_bytes()
    where, size = content.find(DEFAULT_DURATION), len(DEFAULT_DURATION) + 5
    film.write_bytes(
        content[:where] + bytes([0xEC, 0x80 + size - 2]) + bytes(size - 2) + content[where + size :]
    )
    assert probe(film).rate is None
    assert numbers(film, {"kind": "fps", "rate": 10.0}) == [0, 1, 2]
    for sampling in (EVERY, WINDOWS):
        with pytest.raises(VideoError, match=r"film\.mkv: says no frame rate, and sampling") as error:
            next(Reader({"image": Level(sampling)}).read(film))
        assert "go by seconds" in str(error.value.hint)
        with pytest.raises(VideoError, match=r"film\.mkv: says no frame rate, and sampling"):
            read_frames(film, sampling)


def test_a_picture_is_one_frame_whatever_is_asked(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.full((48, 64, 3), 50, np.uint8)).save(tmp_path / "still.png")
    for sampling, rows in ((FPS, 1), (EVERY, 1), (WINDOWS, 1)):
        [clip] = Reader({"image": Level(sampling)}).read(tmp_path / "still.png")
        assert clip.streams["image"].values.tolist() == [[5.0]] * rows


@torch.no_grad()
@pytest.mark.parametrize("model", ["swin3d_t", "r2plus1d_18"])
def test_motion_networks_give_a_row_a_window(film: Path, model: str) -> None:
    encoder = TorchvisionVideo(model, pretrained=False, clips=2, frames=8, rate=None, stride=4)
    [clip] = Reader({"motion": encoder}).read(film)
    stream = clip.streams["motion"]
    assert stream.values.shape == (2, encoder.dim)
    assert stream.times is not None
    np.testing.assert_allclose(stream.times, [0.4, 1.6], atol=1e-6)
    frames = torch.from_numpy(read_frames(film, encoder.sampling, short_side=encoder.short_side).values)
    alone = encoder(frames[None, 8:])
    torch.testing.assert_close(alone.values[0, 0], stream.values[1], atol=1e-5, rtol=1e-5)
    with pytest.raises(ConfigError, match="sampling 'clips' needs rate"):
        TorchvisionVideo(model, pretrained=False, rate=None)


def test_sound_has_a_row_each_0_96_seconds_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=10)
        audio: Any = out.add_stream("aac", rate=16000, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(20):
            out.mux(video.encode(av.VideoFrame.from_ndarray(grey_level(index), format="rgb24")))
        out.mux(video.encode())
        add_sound(out, audio, tone(2, 16000))
    [clip] = Reader({"audio": VGGish()}).read(path)
    assert clip.streams["audio"].times is not None
    np.testing.assert_allclose(clip.streams["audio"].times, [0.48, 1.44], atol=1e-6)
    assert VGGish().recipe()["row_seconds"] == 0.96
