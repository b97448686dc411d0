"""A toy captioner sees and hears the same streams in a raw file as it was trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.datasets.toy import make_toy
from vidcap_core.datasets.toy.grid_encoder import ToyGrid
from vidcap_core.datasets.toy.sound_encoder import ToySound
from vidcap_core.datasets.toy.streams import toy_stream
from vidcap_core.video import read_frames


def test_streams_of_a_file_are_the_cached_ones() -> None:
    folder = make_toy(size="small")
    video = sorted((folder / "videos").glob("*.mp4"))[0]
    for name in ("image", "motion"):
        cached = np.load(toy_stream(folder, name) / f"{video.stem}.npy").astype(np.float32)
        encoder = ToyGrid(name)
        frames = torch.from_numpy(read_frames(video, encoder.sampling).values)[None]
        both = torch.cat([frames, torch.zeros_like(frames)])
        mask = torch.zeros(both.shape[:2], dtype=torch.bool)
        mask[0], mask[1, :4] = True, True
        stream = encoder(both, mask)
        assert stream.values.shape[2] == encoder.dim
        assert stream.mask.sum(1).tolist() == [len(cached), 2]
        np.testing.assert_array_equal(stream.values[0].numpy(), cached)


def test_every_file_gives_its_cached_streams_bit_by_bit() -> None:
    for kind, videos in (("clips", 84), ("long", 36)):
        folder = make_toy(kind=kind, size="small")
        encoders = {"image": ToyGrid("image"), "motion": ToyGrid("motion"), "audio": ToySound()}
        caches = {name: toy_stream(folder, name) for name in encoders}
        paths = sorted((folder / "videos").glob("*.mp4"))
        assert len(paths) == videos
        for path in paths:
            [encoded] = Reader(encoders).read(path)
            for name, stream in encoded.streams.items():
                if (caches[name] / f"{path.stem}.npy").exists():
                    cached = np.load(caches[name] / f"{path.stem}.npy").astype(np.float32)
                    np.testing.assert_array_equal(stream.values.numpy(), cached, f"{path.stem} {name}")
                else:
                    assert name == "audio"
                    assert not bool(stream.mask.any())


def test_other_sizes_are_brought_to_the_toy_videos_size() -> None:
    frames = torch.full((1, 4, 30, 50, 3), 200, dtype=torch.uint8)
    stream = ToyGrid("motion")(frames, torch.ones(1, 4, dtype=torch.bool))
    assert stream.values.shape == (1, 2, 128)
    assert float(stream.values.abs().max()) == 0.0


@pytest.mark.parametrize("stream", ["image", "motion"])
def test_long_clips_are_looked_at_in_pieces(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidcap_core.datasets.toy import grid_encoder

    frames = torch.randint(0, 256, (1, 21, 48, 64, 3), dtype=torch.uint8)
    encoder, mask = grid_encoder.ToyGrid(stream), torch.ones(1, 21, dtype=torch.bool)
    whole = encoder(frames, mask).values
    monkeypatch.setattr(grid_encoder, "AT_ONCE", 4)
    assert torch.allclose(encoder(frames, mask).values, whole, atol=1e-3)
