"""What a race of a method against its plain form is made of: a head, a batch, and the other form of both jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from vidcap_core.api import Batch, Clip, Head, Stream
from vidcap_core.testing import tiny_vocabulary
from vidcap_core.tokenizers.vocabulary import Vocabulary

WORDS, ROWS = 12, 28
"""Words of a caption, and rows of a clip."""
Prefix = Callable[[Tensor, Any], Tensor]
"""Words [K, L] and what a clip gave to the next word's logits [K, V]."""


@dataclass(frozen=True)
class Contest:
    """A head, a batch, and the other form of both jobs."""

    head: Head
    batch: Batch
    loss: Callable[[Batch], Tensor]
    remember: Callable[[Batch, int], Any] | None  # None: it writes without going from left to right
    following: Prefix | None
    texts: Callable[[Batch], list[list[int]]] | None = None


def words(tokenizer: Any, size: int) -> Batch:
    """Captions of the longest length, so that both forms see as many positions."""
    ids = torch.randint(8, len(tokenizer), (size, WORDS + 2))
    ids[:, 0], ids[:, -1] = tokenizer.bos_id, tokenizer.eos_id
    clips = tuple(Clip(f"clip{row}") for row in range(size))
    texts = tuple(tokenizer.decode(row[1:-1]) for row in ids.tolist())
    return Batch(clips, texts=texts, tokens=ids, token_mask=torch.ones_like(ids, dtype=torch.bool))


def with_streams(batch: Batch, widths: dict[str, int], rows: int) -> Batch:
    """The batch with random streams."""
    streams = {
        name: Stream(torch.randn(len(batch), rows, width), torch.ones(len(batch), rows, dtype=torch.bool))
        for name, width in widths.items()
    }
    return Batch(batch.clips, streams, texts=batch.texts, tokens=batch.tokens, token_mask=batch.token_mask)


def alone(batch: Batch, row: int) -> dict[str, Stream]:
    """The streams of one clip."""
    return {name: stream.rows([row]) for name, stream in batch.streams.items()}


def mean_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of all next words."""
    assert batch.tokens is not None
    return cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten())


def five_thousand(**arguments: Any) -> Vocabulary:
    """As many words as a captioner of MSR-VTT has, about."""
    return tiny_vocabulary([f"word{number}" for number in range(5000)], **arguments)
