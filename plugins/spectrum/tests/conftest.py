"""A small head on random streams, and a vocabulary of the size of EmVidCap's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from vidcap_spectrum.head import SpectrumHead

from vidcap_core.api import Batch, Clip, Stream, View, lexicon
from vidcap_core.tokenizers.vocabulary import Vocabulary

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
def tokenizer() -> Vocabulary:
    made = Vocabulary()
    made.fit(CAPTIONS)
    return made


@pytest.fixture(scope="session")
def large_tokenizer() -> Vocabulary:
    """4,971 ids, the lexicon among them."""
    words = list(lexicon().words)
    made = Vocabulary(forced=words, max_size=4971)
    made.fit(" ".join(f"word{n}" for n in range(4971 - 4 - len(words))).split())
    assert len(made) == 4971
    return made


@pytest.fixture
def small(tokenizer: Vocabulary) -> Callable[..., SpectrumHead]:
    def make(**changes: Any) -> SpectrumHead:
        torch.manual_seed(0)
        return SpectrumHead(tokenizer=tokenizer, **{**SMALL, **changes}).eval()

    return make


def _streams(widths: dict[str, int], clips: int = 3, length: int = 9, seed: int = 0) -> dict[str, Stream]:
    random = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, length + 1, (clips,), generator=random)
    mask = torch.arange(length) < lengths[:, None]
    return {
        name: Stream(torch.randn(clips, length, width, generator=random), mask)
        for name, width in widths.items()
    }


def _batch(tokenizer: Vocabulary, captions: list[str], streams: dict[str, Stream] | None = None) -> Batch:
    rows = [torch.tensor([tokenizer.bos_id, *tokenizer.encode(text), tokenizer.eos_id]) for text in captions]
    tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_id)
    mask = torch.arange(tokens.shape[1]) < torch.tensor([len(row) for row in rows])[:, None]
    return Batch(
        clips=tuple(Clip(f"clip{n}") for n in range(len(captions))),
        streams=streams or {},
        texts=tuple(captions),
        tokens=tokens,
        token_mask=mask,
        targets={"captions": [(text,) for text in captions]},
    )


def _whole(streams: dict[str, Stream]) -> View:
    clips = len(next(iter(streams.values())).mask)
    return View(streams, tuple(range(clips)), (None,) * clips)


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """Captions, and what makes streams, batches and views."""
    return SimpleNamespace(captions=CAPTIONS, streams=_streams, batch=_batch, whole=_whole)
