"""Rows that are padding change nothing, and the order of frames counts."""

from __future__ import annotations

import pytest
import torch
from vidcap_mffcl.mapper import Mapper
from vidcap_mffcl.temporal import TemporalEncoder

from vidcap_core.api import Stream


@pytest.fixture
def frames():
    """Two clips of five and three frames, with something large where there is none."""
    torch.manual_seed(0)
    values, mask = torch.randn(2, 5, 8), torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    return Stream(torch.where(mask[..., None], values, 100.0), mask)


@pytest.fixture
def encoder():
    torch.manual_seed(1)
    return TemporalEncoder(8, 16, 2, 1, 0.1).eval()


def close(one, other):
    return torch.allclose(one, other, atol=1e-5)


@torch.no_grad()
def test_what_lies_in_masked_frames_changes_nothing(encoder, frames):
    rows = encoder(frames)
    other = encoder(Stream(torch.where(frames.mask[..., None], frames.values, -7.0), frames.mask))
    alone = encoder(Stream(frames.values[1:, :3], frames.mask[1:, :3]))
    assert rows.mask.tolist() == [[True] * 6, [True] * 4 + [False] * 2]
    assert close(rows.values[rows.mask], other.values[rows.mask])
    assert close(rows.values[1, :4], alone.values[0])


@torch.no_grad()
def test_the_order_of_frames_changes_the_clips_vector(encoder, frames):
    turned = encoder(Stream(frames.values[:1].flip(1), frames.mask[:1])).values[:, 0]
    swapped = frames.values[:1, [0, 1, 2, 4, 3]]
    there = encoder(frames).values[:1, 0]
    assert not torch.allclose(turned, there, atol=1e-3)
    assert not torch.allclose(encoder(Stream(swapped, frames.mask[:1])).values[:, 0], there, atol=1e-3)


@torch.no_grad()
def test_equal_frames_have_rows_of_their_own_time(encoder):
    same = Stream(torch.ones(1, 6, 8), torch.ones(1, 6, dtype=torch.bool))
    rows = encoder(same).values[0, 1:]
    apart = (rows[:, None] - rows[None]).abs().amax(-1)
    assert (apart[~torch.eye(6, dtype=torch.bool)] > 1e-3).all()


@pytest.mark.parametrize("kind", ["transformer", "ffn"])
@torch.no_grad()
def test_a_padded_sequence_changes_nothing_in_the_prompt(kind, frames):
    torch.manual_seed(2)
    mapper = Mapper(8, "patches", kind, 3, 4, 16, 2, 16, 1, 0.1).eval()
    prompt = mapper(frames)
    other = mapper(Stream(torch.where(frames.mask[..., None], frames.values, -7.0), frames.mask))
    alone = mapper(Stream(frames.values[1:, :3], frames.mask[1:, :3]))
    assert close(prompt.values[prompt.mask], other.values[prompt.mask])
    assert close(prompt.values[1][prompt.mask[1]], alone.values[0][alone.mask[0]])
    assert prompt.mask.sum(1).tolist() == ([4, 4] if kind == "transformer" else [4, 2])


@pytest.mark.parametrize("reads", ["cls", "patches"])
@torch.no_grad()
def test_the_head_reads_frames_in_their_order_and_no_masked_ones(small, reads):
    made = small(temporal=1, streams={"image": 64}, mapper_input=reads)
    values, mask = torch.randn(2, 5, 64), torch.tensor([[True] * 5, [True] * 3 + [False] * 2])

    def prompt(values):
        return made.head.prompt(made.head.clip_rows({"image": Stream(values, mask)})).values

    known = prompt(values)
    assert close(known, prompt(torch.where(mask[..., None], values, 50.0)))
    turned = prompt(torch.cat([values[:1].flip(1), values[1:]]))
    assert close(known[1], turned[1])
    assert not torch.allclose(known[0], turned[0], atol=1e-4)
