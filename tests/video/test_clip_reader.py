"""One reader of a clip: data sets, feature extraction and captioning see and hear the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from films import lay, make, slope
from torch import Tensor

from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip, Stream
from vidcap_core.datasets.inputs import AudioReader, FrameReader
from vidcap_core.datasets.records import Record
from vidcap_core.errors import VideoError
from vidcap_core.features.extract import extract
from vidcap_core.video.audio import NoSound
from vidcap_core.video.clip_reader import read_clip_frames, read_clip_sound
from vidcap_core.video.frame_request import FrameRequest

SAMPLING = {"kind": "uniform", "count": 3}
RANDOM = np.random.default_rng(0)


class Witness(Encoder):
    """Keeps what it was given."""

    short_side = 24

    def __init__(self, reads: str, crop: Any = None) -> None:
        super().__init__()
        self.crop = crop
        self.reads, self.dim, self.sampling = reads, 1, dict(SAMPLING)  # type: ignore[misc]
        self.seen: list[np.ndarray] = []

    def forward(self, x: Tensor, mask: Tensor) -> Stream:
        self.seen.append(x[0].numpy().copy())
        return Stream(torch.ones(1, 2, 1), torch.ones(1, 2, dtype=torch.bool))

    def describe(self) -> dict[str, Any]:
        return {}


def with_sound(path: Path) -> Path:
    """Four seconds of pictures, lying on their side, and three of sound."""
    with av.open(str(path), "w") as out:
        video, audio = out.add_stream("libx264", rate=10), out.add_stream("aac", rate=16000, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(40):
            out.mux(video.encode(av.VideoFrame.from_ndarray(slope(index), format="rgb24")))
        out.mux(video.encode())
        tone = (np.sin(np.arange(3 * 16000) * 0.05) * 0.5).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        frame.sample_rate = 16000
        out.mux(audio.encode(frame))
        out.mux(audio.encode())
    return lay(path, (0, 1, -1, 0))


@pytest.mark.parametrize("crop", [None, "center"])
@pytest.mark.parametrize("span", [(0.0, None), (1.0, 2.5)])
def test_frames_are_prepared_alike(span: tuple[float, float | None], crop: Any, tmp_path: Path) -> None:
    clip = Clip("a", str(with_sound(tmp_path / "a.mp4")), *span)
    frames = read_clip_frames(clip, FrameRequest(SAMPLING, 24, crop)).values
    assert frames.shape == (3, 24 if crop else 32, 24, 3)
    of_dataset = FrameReader(count=3, short_side=24, crop=crop)(Record(clip), RANDOM)
    assert of_dataset is not None
    np.testing.assert_array_equal(of_dataset.values, frames)
    witness = Witness("frames", crop)
    extract([clip], witness, tmp_path / "store")
    np.testing.assert_array_equal(witness.seen[0], frames)
    if span[1] is None:
        list(Reader({"image": witness}).read(str(clip.path)))
        np.testing.assert_array_equal(witness.seen[1], frames)
        list(Reader({"image": witness}).read(str(clip.path), every=4.0))
        np.testing.assert_array_equal(witness.seen[2], frames)
        whole = read_clip_frames(clip, FrameRequest(SAMPLING, 24)).values
        Reader({"image": witness}).of_array(whole, Clip("array"))
        np.testing.assert_array_equal(witness.seen[-1], frames)


@pytest.mark.parametrize("span", [(0.0, None), (1.0, 2.5)])
def test_sound_is_prepared_alike(span: tuple[float, float | None], tmp_path: Path) -> None:
    clip = Clip("a", str(with_sound(tmp_path / "a.mp4")), *span)
    sound = read_clip_sound(clip)
    assert len(sound) == pytest.approx(16000 * (1.5 if span[1] else 3), abs=2048)
    of_dataset = AudioReader()(Record(clip), RANDOM)
    assert of_dataset is not None
    np.testing.assert_array_equal(of_dataset, sound)
    witness = Witness("audio")
    extract([clip], witness, tmp_path / "store")
    np.testing.assert_array_equal(witness.seen[0], sound)
    if span[1] is None:
        list(Reader({"audio": witness}).read(str(clip.path)))
        np.testing.assert_array_equal(witness.seen[1], sound)
    assert len(read_clip_sound(clip, seconds=0.5)) == 8000


def test_a_clip_without_a_file_or_without_sound(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"^lost: no video file is known"):
        read_clip_frames(Clip("lost"), FrameRequest(SAMPLING))
    with pytest.raises(VideoError, match=r"^lost: no video file is known"):
        read_clip_sound(Clip("lost"))
    path = make(tmp_path / "silent.mp4")
    with pytest.raises(NoSound, match=r"silent\.mp4: has no sound"):
        read_clip_sound(Clip("silent", str(path)))
    assert AudioReader()(Record(Clip("silent", str(path))), RANDOM) is None
