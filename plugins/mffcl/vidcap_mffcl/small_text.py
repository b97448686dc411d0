"""A text encoder that needs no weights and no word list, for toy data and tests."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.api import Encoder, Stream, flatten_texts, regroup_texts, seeded


class SmallText(Encoder):
    """A Transformer over words, each known by its hash; the row of a text is its CLS.

    dim: width of everything.
    buckets: how many hashes there are; words that share one are not told apart.
    layers: of the Transformer.
    heads: attention heads.
    max_length: words a text; more are not read.
    seed: of the weights.
    """

    reads = "text"

    def __init__(
        self,
        dim: int = 64,
        buckets: int = 4096,
        layers: int = 1,
        heads: int = 4,
        max_length: int = 40,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.dim, self.buckets, self.max_length, self.seed = dim, buckets, max_length, seed
        self.sampling: dict[str, Any] = {}
        with seeded(seed):
            self.embed = nn.Embedding(buckets + 1, dim)  # the last one is CLS
            self.place = nn.Parameter(torch.randn(max_length + 1, dim) * 0.02)
            layer = nn.TransformerEncoderLayer(
                dim, heads, 2 * dim, 0.1, "gelu", batch_first=True, norm_first=True
            )
            self.network = nn.TransformerEncoder(layer, layers, nn.LayerNorm(dim), enable_nested_tensor=False)

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        """Texts, one or several a clip, to [B, texts, dim]."""
        texts, counts = flatten_texts(x)
        rows = [[self.buckets, *self._ids(text)] for text in texts]
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=self.place.device)
        real = torch.tensor(
            [[True] * len(row) + [False] * (width - len(row)) for row in rows], device=ids.device
        )
        states = self.network(self.embed(ids) + self.place[:width], src_key_padding_mask=~real)
        return regroup_texts(states[:, 0], counts)

    def describe(self) -> dict[str, Any]:
        """Buckets and length; the weights' hash says the rest."""
        return {"buckets": self.buckets, "max_length": self.max_length, "pretrained": f"random({self.seed})"}

    def _ids(self, text: str) -> list[int]:
        return [zlib.crc32(word.encode()) % self.buckets for word in text.lower().split()[: self.max_length]]
