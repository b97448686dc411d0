"""S2VT: two LSTMs, one above the other, read all frames and then write."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.api import Head, Tokenizer, View, check_widths, read_streams


class S2VT(Head):
    """Reading: z_t = LSTM1(W x_t), LSTM2([0; z_t]). Writing: z_t = LSTM1(0), h_t = LSTM2([e(w_{t-1}); z_t]).

    The words are p(w_t) = softmax(V h_t).

    streams: name of each stream that is read -> its width; they are read one after the other.
    width: of both LSTMs, of words and of projected rows.
    dropout: on what goes into the LSTMs and the classifier.
    """

    def __init__(
        self, *, streams: dict[str, int], tokenizer: Tokenizer, width: int = 500, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.streams, self.width = check_widths(streams, "S2VT"), width
        self.project = nn.ModuleDict({name: nn.Linear(size, width) for name, size in self.streams.items()})
        self.embed = nn.Embedding(len(tokenizer), width)
        self.lower, self.upper = nn.LSTMCell(width, width), nn.LSTMCell(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, len(tokenizer))

    def start(self, view: View) -> tuple[Any, Any]:
        """Read every row; rows that are not real leave the state as it is."""
        streams = read_streams(view.streams, self.streams, "S2VT")
        zeros = self.embed.weight.new_zeros((len(view.clips), self.width))
        state = (zeros, zeros, zeros, zeros)
        for name, stream in streams.items():
            rows = self.dropout(self.project[name](torch.where(stream.mask[..., None], stream.values, 0)))
            for index in range(rows.shape[1]):
                after = self._read(rows[:, index], zeros, state)
                real = stream.mask[:, index, None]
                state = tuple(torch.where(real, new, old) for new, old in zip(after, state, strict=True))  # type: ignore[assignment]
        return zeros, state

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word; the lower LSTM gets zeros where frames were."""
        zeros = state[0].new_zeros(state[0].shape)
        state = self._read(zeros, self.dropout(self.embed(tokens)), state)
        return self.classify(self.dropout(state[2])), state

    def _read(self, frame: Tensor, word: Tensor, state: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        low, low_cell = self.lower(frame, (state[0], state[1]))
        high, high_cell = self.upper(torch.cat([word, low], -1), (state[2], state[3]))
        return low, low_cell, high, high_cell
