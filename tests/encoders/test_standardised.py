"""Streams with mean 0 and deviation 1: what is learnt, from which clips, and how it travels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidcap_core.contracts.types import Clip, Sample, Stream
from vidcap_core.encoders.standardised import Standardised
from vidcap_core.errors import DataError, UserError

ROWS = np.random.default_rng(0).normal(30, [[1, 5, 0.2, 0]], (4, 6, 4)).astype("float16")


class Captions:
    """Four clips, of which one lacks the stream and each is two samples."""

    def __len__(self) -> int:
        return 10

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        clip = index // 2
        return Sample(Clip(f"v{clip}"), streams={} if clip == 4 else {"image": ROWS[clip]})


def stream(values: np.ndarray) -> dict[str, Stream]:
    rows = torch.from_numpy(values)
    return {"image": Stream(rows, torch.ones(len(rows), dtype=torch.bool))}


def test_rows_of_the_training_clips_have_mean_0_and_deviation_1() -> None:
    encoder = Standardised(stream="image")
    encoder.fit(Captions())
    rows = torch.cat([encoder.derive(stream(values), "any").values for values in ROWS])
    assert rows.shape == (24, 4)
    assert encoder.dim == 4
    assert torch.allclose(rows.mean(0), torch.zeros(4), atol=1e-3)
    assert torch.allclose(rows[:, :3].std(0, correction=0), torch.ones(3), atol=1e-3)
    assert rows[:, 3].abs().max() < 1e-3  # a dimension that never changes is not blown up


def test_it_travels_with_its_numbers() -> None:
    encoder, other = Standardised(stream="image"), Standardised(stream="image")
    encoder.fit(Captions())
    other.load_assets(encoder.assets())
    assert torch.equal(
        encoder.derive(stream(ROWS[0]), "v0").values, other.derive(stream(ROWS[0]), "v0").values
    )


def test_a_clip_without_the_stream_has_no_rows() -> None:
    encoder = Standardised(stream="image")
    encoder.fit(Captions())
    assert encoder.derive({}, "v4").values.shape == (0, 4)


def test_what_cannot_be_standardised_is_said() -> None:
    encoder = Standardised(stream="image")
    for use in (
        lambda: encoder.derive(stream(ROWS[0]), "v0"),
        encoder.assets,
        lambda: encoder.load_assets({}),
    ):
        with pytest.raises(UserError, match="has seen no training clip"):
            use()
    with pytest.raises(DataError, match="no training clip has the stream 'sound'"):
        Standardised(stream="sound").fit(Captions())
    encoder.fit(Captions())
    with pytest.raises(UserError, match="width 3, it was standardised at 4"):
        encoder.derive(stream(ROWS[0][:, :3]), "v0")
