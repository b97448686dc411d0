"""SGN-style: words written so far gather frames into groups of one meaning, and the next word is read from those."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_classics.sa_lstm import HIDDEN, TemporalAttention
from vidcap_core.api import (
    Batch,
    Head,
    Named,
    Output,
    Stream,
    Tokenizer,
    View,
    caption_tokens,
    check_widths,
    read_streams,
    whole_clips,
)


class SGN(Head):
    """Each word w_s so far is a phrase and gathers g_s = sum_i softmax_i(q_s k_i) v_i; h_t attends to all [phrase; g].

    A phrase is the state of an LSTM at its word, so that it knows the words before it; phrases that say the same as a
    later one (cosine above `same`) are dropped, as the method drops phrases whose words others cover.

    streams: name of each stream that is read -> its width; their rows are gathered together.
    width: of both LSTMs, of words and of projected rows.
    longest: most words of a text whose phrases are remembered.
    same: above this likeness of two phrases the earlier one is dropped.
    dropout: on words and before the classifier.
    """

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        width: int = 512,
        longest: int = 40,
        same: float = 0.95,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.streams, self.width, self.longest, self.same = check_widths(streams, "SGN"), width, longest, same
        self.project = nn.ModuleDict({name: nn.Linear(size, width) for name, size in self.streams.items()})
        self.key, self.query = nn.Linear(width, width), nn.Linear(width, width)
        self.embed = nn.Embedding(len(tokenizer), width)
        self.phrase = nn.LSTM(width, width, batch_first=True)
        self.group = nn.Linear(2 * width, width)
        self.attend = TemporalAttention(width)
        self.cell = nn.LSTMCell(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(2 * width, len(tokenizer))

    def start(self, view: View) -> tuple[Any, Any]:
        """Project the rows; there is no phrase yet."""
        streams = read_streams(view.streams, self.streams, "SGN")
        rows = torch.cat(
            [self.project[name](torch.where(s.mask[..., None], s.values, 0)) for name, s in streams.items()],
            1,
        )
        real = torch.cat([stream.mask.bool() for stream in streams.values()], 1)
        zeros = rows.new_zeros((len(rows), self.width))
        none = rows.new_zeros((len(rows), 0, self.width))
        return (rows, self.key(rows), real), (zeros, zeros, zeros, zeros, none, none, none)

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word: its phrase, its group of rows, and the state that attends to all groups."""
        before, before_cell, hidden, cell, phrases, groups, keys = state
        word = self.dropout(self.embed(tokens))
        phrase, (_, phrase_cell) = self.phrase(word[:, None], (before[None], before_cell[None]))
        group = self._gather(phrase, memory)
        phrases = torch.cat([phrases, phrase], 1)[:, -self.longest :]
        groups = torch.cat([groups, group], 1)[:, -self.longest :]
        keys = torch.cat([keys, self.attend.key(group)], 1)[:, -self.longest :]
        context = self.attend(hidden, groups, keys, ~self._alike(phrases).any(-1))
        hidden, cell = self.cell(torch.cat([word, context], -1), (hidden, cell))
        state = phrase[:, 0], phrase_cell[0], hidden, cell, phrases, groups, keys
        return self.classify(self.dropout(torch.cat([hidden, context], -1))), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words: phrases and groups are made at once, and only the last LSTM goes word by word."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        memory, (_, _, hidden, cell, *_) = self.start(whole_clips(streams, batch))
        words = self.dropout(self.embed(tokens[:, :-1]))
        phrases, _ = self.phrase(words)
        groups = self._gather(phrases, memory)
        keys = self.attend.key(groups)
        again = self._alike(phrases).cumsum(-1).transpose(1, 2) > 0  # [B, words so far, phrases]
        own = ~again & torch.ones_like(again).tril().triu(1 - self.longest)
        said = []
        for index in range(words.shape[1]):
            context = self.attend(hidden, groups, keys, own[:, index])
            hidden, cell = self.cell(torch.cat([words[:, index], context], -1), (hidden, cell))
            said.append(torch.cat([hidden, context], -1))
        logits = self.classify(self.dropout(torch.stack(said, 1)))
        return Output(tokens=Named(logits, tokens[:, 1:], mask[:, 1:]))

    def _gather(self, phrases: Tensor, memory: Any) -> Tensor:
        """Groups [R, t, W] of phrases [R, t, W], of rows of which each clip's serve R / B phrases."""
        rows, keys, real = memory
        asked = self.query(phrases).reshape(len(rows), -1, self.width)
        scores = asked @ keys.transpose(1, 2) / self.width**0.5
        gathered = scores.masked_fill(~real[:, None], HIDDEN).softmax(-1) @ rows
        return torch.tanh(self.group(torch.cat([phrases, gathered.view_as(phrases)], -1)))

    def _alike(self, phrases: Tensor) -> Tensor:
        """Whether a phrase is said again by a later one [R, t, t]."""
        normed = nn.functional.normalize(phrases.detach(), dim=-1)
        return ((normed @ normed.transpose(1, 2)) > self.same).triu(1)
