"""A small head on random streams, and a vocabulary of the size of EmVidCap's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from vidcap_spectrum.head import SpectrumHead

from vidcap_core.api import Batch, Stream, Tokenizer, View, lexicon, whole_clips
from vidcap_core.testing import tiny_batch, tiny_streams, tiny_vocabulary

SMALL: dict[str, Any] = {
    "streams": {"image": 12, "motion": 10, "audio": 6, "retrieved": 8},
    "n_frames": 7,
    "n_retrieved": 5,
    "width": 32,
    "heads": 4,
    "feed": 48,
    "k_un": 6,
    "n_aeb": 5,
    "emotions": "seen",
    "encoder_dropout": 0.0,
    "dropout": 0.0,
    "attention_dropout": 0.0,
}
CAPTIONS = [
    "a man is happily cooking food",
    "a woman sadly walks the dog",
    "a happy child plays with a ball",
    "an angry man shouts",
    "a dog runs in the park",
    "a girl is dancing joyfully",
    "two men fight angrily",
    "a cat sleeps calmly on a bed",
]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return tiny_vocabulary(CAPTIONS)


@pytest.fixture(scope="session")
def large_tokenizer() -> Tokenizer:
    """4,971 ids, the lexicon among them."""
    words = list(lexicon().words)
    others = [f"word{n}" for n in range(4971 - 4 - len(words))]
    made = tiny_vocabulary(others, forced=words, max_size=4971)
    assert len(made) == 4971
    return made


@pytest.fixture
def small(tokenizer: Tokenizer) -> Callable[..., SpectrumHead]:
    def make(**changes: Any) -> SpectrumHead:
        torch.manual_seed(0)
        return SpectrumHead(tokenizer=tokenizer, **{**SMALL, **changes}).eval()

    return make


def _streams(widths: dict[str, int], clips: int = 3, length: int = 9) -> dict[str, Stream]:
    return tiny_streams(widths, clips, length, shorter=3)


def _batch(tokenizer: Tokenizer, captions: list[str], streams: dict[str, Stream] | None = None) -> Batch:
    targets = {"captions": [(text,) for text in captions]}
    return tiny_batch(streams, tokenizer, captions, targets=targets)


def _whole(streams: dict[str, Stream]) -> View:
    return whole_clips(streams, tiny_batch(streams))


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """Captions, and what makes streams, batches and views."""
    return SimpleNamespace(captions=CAPTIONS, streams=_streams, batch=_batch, whole=_whole)
