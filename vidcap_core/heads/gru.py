"""The simplest captioner: mean-pooled streams start a GRU."""

from __future__ import annotations

from collections.abc import Mapping, Set

import torch
from torch import Tensor, nn

from vidcap_core.contracts.head import Head, Output, caption_tokens, whole_clips
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Named, Stream, View
from vidcap_core.heads.layers import by_clip, prompt_history
from vidcap_core.heads.streams import check_widths, mean_rows, read_streams


class MeanPoolGRU(Head):
    """c = tanh(W [mean of each stream]); h_0 = c; h_t = GRU(e(w_{t-1}) + c, h_{t-1}); p = softmax(V h_t).

    streams: name -> width of the streams that are read.
    width: of embeddings, GRU and projected video.
    dropout: before the GRU and before the classifier.
    tied: the classifier's matrix is that of the embeddings, e(w) = sqrt(width) V_w: half the weights.
    """

    takes_prompt = True

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        width: int = 512,
        dropout: float = 0.3,
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.streams = check_widths(streams, "MeanPoolGRU")
        self.project = nn.Linear(sum(self.streams.values()), width)
        self.embed = nn.Embedding(len(tokenizer), width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, len(tokenizer))
        self.scale = width**0.5 if tied else 1.0
        if tied:
            nn.init.normal_(self.embed.weight, std=1 / self.scale)
            self.classify.weight = self.embed.weight

    def start(self, view: View) -> tuple[Tensor, Tensor]:
        """Memory: the pooled video [B, width]; state: h [R, width]."""
        ordered = read_streams(view.streams, self.streams, "MeanPoolGRU")
        memory = torch.tanh(self.project(torch.cat([mean_rows(stream) for stream in ordered.values()], -1)))
        state = memory
        if (history := prompt_history(view)) is not None:
            for tokens, real in zip(*(part.T for part in history), strict=True):
                _, after = self.step(tokens, memory, state)
                state = torch.where(real[:, None], after, state)
        return memory, state

    def words(self, tokens: Tensor) -> Tensor:
        """Embeddings e(w)."""
        found: Tensor = self.embed(tokens)
        return found * self.scale

    def step(self, tokens: Tensor, memory: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One word."""
        inputs = (by_clip(self.words(tokens), len(memory)) + memory[:, None]).flatten(0, 1)
        hidden, state = self.gru(self.dropout(inputs)[:, None], state[None])
        return self.classify(self.dropout(hidden[:, 0])), state[0]

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words at once."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        memory, state = self.start(whole_clips(streams, batch))
        hidden, _ = self.gru(self.dropout(self.words(tokens[:, :-1]) + memory[:, None]), state[None])
        return Output(tokens=Named(self.classify(self.dropout(hidden)), tokens[:, 1:], mask[:, 1:]))
