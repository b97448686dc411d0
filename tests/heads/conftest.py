"""Streams of different lengths, captions of different lengths."""

from __future__ import annotations

import pytest
import torch

from vidcap_core.contracts.types import Batch, Clip, Stream


class Tokens:
    """A tokenizer of 17 words without texts."""

    pad_id, bos_id, eos_id, unknown_id = 0, 1, 2, 3

    def __len__(self) -> int:
        return 17


@pytest.fixture
def tokens() -> Tokens:
    """What a head needs of a tokenizer."""
    return Tokens()


@pytest.fixture
def batch() -> Batch:
    """Four clips; the last has no image at all."""
    draw = torch.Generator().manual_seed(0)
    image = torch.arange(6)[None] < torch.tensor([6, 3, 1, 0])[:, None]
    audio = torch.arange(2)[None] < torch.tensor([1, 2, 2, 1])[:, None]
    mask = torch.arange(7)[None] < torch.tensor([7, 5, 6, 3])[:, None]
    words = torch.randint(4, 17, (4, 7), generator=draw)
    words[:, 0] = 1
    words[torch.arange(4), mask.sum(1) - 1] = 2
    return Batch(
        clips=tuple(Clip(f"clip{i}") for i in range(4)),
        streams={
            "image": Stream(torch.randn(4, 6, 8, generator=draw), image),
            "audio": Stream(torch.randn(4, 2, 4, generator=draw), audio),
        },
        tokens=words.masked_fill(~mask, 0),
        token_mask=mask,
    )
