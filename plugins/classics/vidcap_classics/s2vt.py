"""S2VT: two LSTMs, one above the other, read all frames and then write."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import torch
from torch import Tensor, nn

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
        self.lower, self.upper = nn.LSTM(width, width), nn.LSTM(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, len(tokenizer))

    def start(self, view: View) -> tuple[Any, Any]:
        """Read every row; rows that are not real leave the state as it is."""
        rows, real = self._rows(view)
        zeros = rows.new_zeros((rows.shape[1], self.width))
        state = (zeros, zeros, zeros, zeros)
        for row, kept in zip(rows, real[..., None], strict=True):
            after = self._read(row, zeros, state)
            state = tuple(torch.where(kept, new, old) for new, old in zip(after, state, strict=True))  # type: ignore[assignment]
        return zeros, state

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word; the lower LSTM gets zeros where frames were."""
        state = self._read(torch.zeros_like(state[0]), self.dropout(self.embed(tokens)), state)
        return self.classify(self.dropout(state[2])), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words at once: each LSTM goes once over a clip's real rows and the words right behind them."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        rows, real = self._rows(whole_clips(streams, batch))
        words = self.dropout(self.embed(tokens[:, :-1].T))
        place = (real.sum(0) + torch.arange(len(words), device=words.device)[:, None])[..., None]
        place = place.expand_as(words)
        front, order = real.long().sort(stable=True, dim=0, descending=True)
        rows = rows.gather(0, order[..., None].expand_as(rows)) * front[..., None]
        low, _ = self.lower(torch.cat([rows, torch.zeros_like(words)]))
        said = words.new_zeros(low.shape).scatter(0, place, words)
        high, _ = self.upper(torch.cat([said, low], -1))
        logits = self.classify(self.dropout(high.gather(0, place)))
        return Output(tokens=Named(logits.transpose(0, 1), tokens[:, 1:], mask[:, 1:]))

    def _rows(self, view: View) -> tuple[Tensor, Tensor]:
        """Projected rows of all streams, the first axis is time [T, B, W]; and which are real [T, B]."""
        streams = read_streams(view.streams, self.streams, "S2VT")
        rows = [
            self.project[name](torch.where(s.mask[..., None], s.values, 0)) for name, s in streams.items()
        ]
        real = torch.cat([stream.mask.bool() for stream in streams.values()], 1)
        return self.dropout(torch.cat(rows, 1)).transpose(0, 1), real.T

    def _read(self, frame: Tensor, word: Tensor, state: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        low, (_, low_cell) = self.lower(frame[None], (state[0][None], state[1][None]))
        high, (_, high_cell) = self.upper(
            torch.cat([word, low[0]], -1)[None], (state[2][None], state[3][None])
        )
        return low[0], low_cell[0], high[0], high_cell[0]
