"""A toy captioner sees the same streams in a raw file as it was trained on."""

from __future__ import annotations

import numpy as np
import torch

from vidcap_core.datasets.toy import make_toy
from vidcap_core.datasets.toy.streams import toy_stream
from vidcap_core.encoders.toy_grid import ToyGrid
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
        np.testing.assert_allclose(stream.values[0].numpy(), cached, atol=2e-3)


def test_other_sizes_are_brought_to_the_toy_videos_size() -> None:
    frames = torch.full((1, 4, 30, 50, 3), 200, dtype=torch.uint8)
    stream = ToyGrid("motion")(frames, torch.ones(1, 4, dtype=torch.bool))
    assert stream.values.shape == (1, 2, 128)
    assert float(stream.values.abs().max()) == 0.0
