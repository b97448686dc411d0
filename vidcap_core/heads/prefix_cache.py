"""Keys and values behind a prefix: the prefix once a clip, the words once a beam."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache, DynamicLayer

Pair = tuple[Tensor, Tensor]
"""Keys and values, each [rows, heads, positions, size]."""


class PrefixLayer(DynamicLayer):  # type: ignore[misc]
    """One layer: `keys` and `values` hold the words of R rows; the prefix of B clips is joined on for attention.

    What is joined lives as long as the layer's attention; only the words are kept.
    """

    def __init__(self, prefix: Pair, words: Pair) -> None:
        super().__init__()
        self.prefix = prefix
        self.keys, self.values = words
        self.dtype, self.device = words[0].dtype, words[0].device
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object) -> Pair:
        """Add words; give back prefix and words of every row."""
        self.keys = torch.cat([self.keys, key_states], 2)
        self.values = torch.cat([self.values, value_states], 2)
        return _joined(self.prefix[0], self.keys), _joined(self.prefix[1], self.values)

    def get_seq_length(self) -> int:
        """Positions before the next word."""
        return int(self.prefix[0].shape[2] + self.keys.shape[2])


def cache_of(prefix: tuple[Pair, ...], words: tuple[Pair, ...]) -> Cache:
    """A model's cache over all layers."""
    return Cache(
        layers=[
            PrefixLayer(prefix_pair, words_pair)
            for prefix_pair, words_pair in zip(prefix, words, strict=True)
        ]
    )


def given_cache(model: nn.Module, cache: Cache) -> dict[str, Cache]:
    """A cache as the argument of a model's call; transformers called it `past_key_values` before 5.24."""
    parameters = inspect.signature(model.forward).parameters
    return {"cache" if "cache" in parameters else "past_key_values": cache}


def cache_in(output: object) -> Cache | None:
    """The cache in what a model gave; not by `getattr`, since a new transformers warns of the old name."""
    values = vars(output)
    return values.get("cache", values.get("past_key_values"))


def words_of(cache: Cache | None) -> tuple[Pair, ...]:
    """The words' keys and values of every layer."""
    assert cache is not None, "the model was asked to use a cache"
    return tuple((layer.keys, layer.values) for layer in cache.layers)


def _joined(prefix: Tensor, words: Tensor) -> Tensor:
    clips, heads, length, size = prefix.shape
    if length == 0:
        return words
    if clips == len(words):
        return torch.cat([prefix, words], 2)
    beams = len(words) // clips
    wide = prefix[:, None].expand(-1, beams, -1, -1, -1)
    return torch.cat([wide, words.view(clips, beams, heads, -1, size)], 3).flatten(0, 1)
