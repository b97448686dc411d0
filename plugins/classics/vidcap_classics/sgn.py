"""SGN-style: words written so far gather frames into groups of one meaning, and the next word is read from those."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vidcap_classics.sa_lstm import TemporalAttention
from vidcap_core.api import Head, Tokenizer, View, check_widths, read_streams
from vidcap_core.heads.layers import by_clip

HIDDEN = -1e9
"""Score of what may not be looked at."""


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
        self.phrase = nn.LSTMCell(width, width)
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
        return (rows, self.key(rows), real), (zeros, zeros, zeros, zeros, none, none)

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word: its phrase, its group of rows, and the state that attends to all groups."""
        rows, keys, real = memory
        phrase, phrase_cell, hidden, cell, phrases, groups = state
        word = self.dropout(self.embed(tokens))
        phrase, phrase_cell = self.phrase(word, (phrase, phrase_cell))
        asked = by_clip(self.query(phrase), len(rows))
        scores = asked @ keys.transpose(1, 2) / self.width**0.5
        gathered = (scores.masked_fill(~real[:, None], HIDDEN).softmax(-1) @ rows).flatten(0, 1)
        group = torch.tanh(self.group(torch.cat([phrase, gathered], -1)))
        phrases = torch.cat([phrases, phrase[:, None]], 1)[:, -self.longest :]
        groups = torch.cat([groups, group[:, None]], 1)[:, -self.longest :]
        context = self.attend(hidden, groups, self.attend.key(groups), self._own(phrases))
        hidden, cell = self.cell(torch.cat([word, context], -1), (hidden, cell))
        logits = self.classify(self.dropout(torch.cat([hidden, context], -1)))
        return logits, (phrase, phrase_cell, hidden, cell, phrases, groups)

    def _own(self, phrases: Tensor) -> Tensor:
        """Which phrases no later one says again [R, t]."""
        normed = nn.functional.normalize(phrases.detach(), dim=-1)
        alike = (normed @ normed.transpose(1, 2)) > self.same
        return ~alike.triu(1).any(-1)
