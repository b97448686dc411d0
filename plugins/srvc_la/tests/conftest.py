"""A small SRVC-LA captioner and batches of made-up clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vidcap_core.api import Batch, Clip, Head, Stream
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.tokenizers.vocabulary import Vocabulary

TEXTS = (
    "a man runs",
    "the woman sings a song",
    "a dog sleeps",
    "two cats eat",
    "the child jumps over a dog",
    "a bird sings",
    "the man eats a song",
    "a cat runs to the woman",
    "two dogs jump",
    "a child sleeps",
)
SMALL = {
    "d_model": 16,
    "rnn_size": 24,
    "att_size": 12,
    "emb_size": 20,
    "enc_heads": 2,
    "enc_ff": 32,
    "enc_dropout": 0.0,
    "out_dropout": 0.0,
}


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    made = Vocabulary()
    made.fit(TEXTS)
    return made


@pytest.fixture
def make_head(vocabulary: Vocabulary) -> Callable[..., Any]:
    """`make_head(vrc_concat="seq")`: a small head on a stream of width 10, with random weights."""
    from vidcap_srvc_la.head import SRVCLAHead

    def make(**changes: Any) -> Head:
        torch.manual_seed(0)
        return SRVCLAHead(**{"streams": {"image": 10}, "tokenizer": vocabulary, **SMALL, **changes})

    return make


@pytest.fixture
def make_batch(vocabulary: Vocabulary) -> Callable[..., Batch]:
    """`make_batch(4)`: clips with ragged masks and captions of different lengths."""
    from vidcap_core.engine.data import Collate

    def make(clips: int = 4, length: int = 7, seed: int = 0) -> Batch:
        random = torch.Generator().manual_seed(seed)
        values = torch.randn(clips, length, 10, generator=random)
        lengths = torch.tensor([length - row % 3 for row in range(clips)])
        mask = torch.arange(length) < lengths[:, None]
        tokens, token_mask = Collate(vocabulary)._tokens([TEXTS[row % len(TEXTS)] for row in range(clips)])
        return Batch(
            clips=tuple(Clip(f"clip{row}", duration=5.0) for row in range(clips)),
            streams={"image": Stream(values, mask)},
            texts=TEXTS[:clips],
            tokens=tokens,
            token_mask=token_mask,
        )

    return make


@pytest.fixture
def make_captioner(vocabulary: Vocabulary) -> Callable[..., Captioner]:
    def make(head: Head, loss: Any, **settings: Any) -> Captioner:
        from vidcap_core.contracts.generate_settings import GenerateSettings

        return Captioner(head, vocabulary, losses={"words": loss}, generate=GenerateSettings(**settings))

    return make


@pytest.fixture(scope="session")
def solve() -> Callable[[Tensor, float, float], Tensor]:
    """A solver of sparse norms: p_i = [scale z_i - tau]_+^power with sum 1, tau by bisection, in float64."""

    def find(scores: Tensor, power: float, scale: float) -> Tensor:
        scores = scores.double() * scale
        top = scores.amax(-1, keepdim=True)
        low, high = top - 1, top.clone()  # the largest weight is at most 1, and at least 0
        for _ in range(100):
            middle = (low + high) / 2
            big = (scores - middle).clamp_min(0).pow(power).sum(-1, keepdim=True) >= 1
            low, high = torch.where(big, middle, low), torch.where(big, high, middle)
        return (scores - low).clamp_min(0).pow(power)

    return find
