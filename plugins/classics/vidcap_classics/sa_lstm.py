"""SA-LSTM: an LSTM that attends to the rows of the video anew for each word."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.api import Head, Tokenizer, View, check_widths, read_streams
from vidcap_core.heads.layers import by_clip

HIDDEN = -6e4
"""Score of what may not be looked at; a number of half precision too."""


class TemporalAttention(nn.Module):
    """a_i = softmax_i(w tanh(W h + U v_i)) over real rows; sum_i a_i v_i."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ask, self.key, self.score = (
            nn.Linear(width, width),
            nn.Linear(width, width, bias=False),
            nn.Linear(width, 1, bias=False),
        )

    def forward(self, state: Tensor, rows: Tensor, keys: Tensor, real: Tensor) -> Tensor:
        """Context [R, W] of states [R, W], over rows [B, T, W] of which each serves R / B states."""
        asked = by_clip(self.ask(state), len(rows))[:, :, None]
        scores = self.score(torch.tanh(asked + keys[:, None]))[..., 0]
        weights = scores.masked_fill(~real[:, None], HIDDEN).softmax(-1)
        context: Tensor = (weights @ rows).flatten(0, 1)
        return context


class SALSTM(Head):
    """h_t = LSTM([e(w_{t-1}); attention(h_{t-1})]); p = softmax(V [h_t; context; e(w_{t-1})]).

    streams: name of each stream that is read -> its width; their rows are attended to together.
    width: of the LSTM, of words and of projected rows.
    dropout: on words and before the classifier.
    """

    def __init__(
        self, *, streams: dict[str, int], tokenizer: Tokenizer, width: int = 512, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.streams = check_widths(streams, "SALSTM")
        self.project = nn.ModuleDict({name: nn.Linear(size, width) for name, size in self.streams.items()})
        self.attend = TemporalAttention(width)
        self.embed = nn.Embedding(len(tokenizer), width)
        self.cell = nn.LSTMCell(2 * width, width)
        self.first, self.first_cell = nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(3 * width, width)
        self.classify = nn.Linear(width, len(tokenizer))

    def start(self, view: View) -> tuple[Any, Any]:
        """Project the rows; the mean of the real ones starts the LSTM."""
        streams = read_streams(view.streams, self.streams, "SALSTM")
        rows = torch.cat(
            [self.project[name](torch.where(s.mask[..., None], s.values, 0)) for name, s in streams.items()],
            1,
        )
        real = torch.cat([stream.mask.bool() for stream in streams.values()], 1)
        mean = torch.where(real[..., None], rows, 0).sum(1) / real.sum(1, keepdim=True).clamp_min(1)
        state = torch.tanh(self.first(mean)), torch.tanh(self.first_cell(mean))
        return (rows, self.attend.key(rows), real), state

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word."""
        word = self.dropout(self.embed(tokens))
        context = self.attend(state[0], *memory)
        state = self.cell(torch.cat([word, context], -1), state)
        hidden = torch.tanh(self.out(self.dropout(torch.cat([state[0], context, word], -1))))
        return self.classify(self.dropout(hidden)), state
