"""A small SRVC-LA captioner and batches of made-up clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vidcap_core.api import Batch, Head, Tokenizer
from vidcap_core.testing import tiny_batch, tiny_captioner, tiny_streams, tiny_vocabulary

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
def vocabulary() -> Tokenizer:
    return tiny_vocabulary()


@pytest.fixture
def make_head(vocabulary: Tokenizer) -> Callable[..., Any]:
    """`make_head(vrc_concat="seq")`: a small head on a stream of width 10, with random weights."""
    from vidcap_srvc_la.head import SRVCLAHead

    def make(**changes: Any) -> Head:
        torch.manual_seed(0)
        return SRVCLAHead(**{"streams": {"image": 10}, "tokenizer": vocabulary, **SMALL, **changes})

    return make


@pytest.fixture
def make_batch(vocabulary: Tokenizer) -> Callable[..., Batch]:
    """`make_batch(4)`: clips with ragged masks and captions of different lengths."""

    def make(clips: int = 4, length: int = 7, seed: int = 0) -> Batch:
        return tiny_batch(tiny_streams({"image": 10}, clips, length, seed=seed), vocabulary, duration=5.0)

    return make


@pytest.fixture
def make_captioner(vocabulary: Tokenizer) -> Callable[..., Any]:
    """`make_captioner(head, loss, mode="beam")`: the head with one loss."""

    def make(head: Head, loss: Any, **settings: Any) -> Any:
        return tiny_captioner(head, vocabulary, {"words": loss}, **settings)

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
