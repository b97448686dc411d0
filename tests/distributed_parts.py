"""A head for the tests of several processes: one vector for the video, one for the caption."""

from __future__ import annotations

from collections.abc import Mapping, Set

import torch

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Named, Stream
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.heads.streams import mean_rows


class Pairs(MeanPoolGRU):
    """The pooled video and the mean of the caption's embeddings."""

    def __init__(self, *, tokenizer: Tokenizer, width: int = 8) -> None:
        super().__init__(streams={"image": 16}, tokenizer=tokenizer, width=width, dropout=0.0)

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Outputs `video` and `text`."""
        assert batch.tokens is not None
        assert batch.token_mask is not None
        video = torch.tanh(self.project(mean_rows(streams["image"])))
        mask = batch.token_mask[..., None]
        text = (self.embed(batch.tokens) * mask).sum(1) / mask.sum(1)
        return Output(video=Named(video), text=Named(text))
