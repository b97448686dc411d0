"""Attribute targets: which attributes the captions of a clip say."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import Batch, Tokenizer
from vidcap_spectrum.attributes import Attributes


class Labels:
    """v_k = 1 if any caption of the clip has word k, as the tokenizer sees words."""

    def __init__(self, attributes: Attributes, tokenizer: Tokenizer) -> None:
        self._tokenizer, self._size = tokenizer, len(attributes.words)
        self._index_of_id: dict[int, int] = {}
        for index, word in enumerate(attributes.words):
            ids = tokenizer.encode(word)
            if (
                len(ids) == 1 and ids[0] != tokenizer.unknown_id
            ):  # others cannot be said, so they are never a target
                self._index_of_id[ids[0]] = index
        self._cached_find = lru_cache(maxsize=50_000)(self._find)

    def targets(self, batch: Batch) -> Tensor:
        """V [B, K] of a batch with all captions of its clips."""
        rows = torch.zeros(len(batch), self._size)
        for row, captions in enumerate(batch.targets["captions"]):
            rows[row, list(self._cached_find(tuple(captions)))] = 1.0
        return rows

    def _find(self, captions: tuple[str, ...]) -> tuple[int, ...]:
        ids = {number for caption in captions for number in self._tokenizer.encode(caption)}
        return tuple(sorted(self._index_of_id[number] for number in ids if number in self._index_of_id))

    def __deepcopy__(self, memo: dict[int, Any]) -> Labels:
        return self  # tables that never change, and a cache that cannot be copied
