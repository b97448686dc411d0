"""Words of an event from its query: a plain LSTM, or one that looks at places around the event for each word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vidcap_pdvc.deformable import Offsets, Places, Pyramid, between_rows

State = tuple[Tensor, Tensor]
"""h and c of the LSTM, [R, H]."""
MEAN_OF_ONE = 1 / (1 + 1e-5)
"""The light captioner reads the mean over its query alone, with the authors' small number below."""


class Looked:
    """Values [B, S, D] and keys [B, S, A] of all clips. It is no record: events have no rows of their own in it."""

    def __init__(self, lengths: tuple[int, ...], values: Tensor, keys: Tensor) -> None:
        self.lengths, self.values, self.keys = lengths, values, keys


@dataclass(frozen=True)
class Found:
    """Rows of events: each with its query [R, D], where it is [R, 1, levels], whose it is [R], and what it looks at."""

    query: Tensor
    centre: Tensor
    reach: Tensor
    clip: Tensor
    looked: Looked | None = None

    def beams(self, rows: int) -> Found:
        """The same for so many rows, of which each event has as many, one after the other."""
        times = rows // len(self.query)
        if times == 1:
            return self
        query, centre, reach, clip = (
            part.repeat_interleave(times, 0) for part in (self.query, self.centre, self.reach, self.clip)
        )
        return Found(query, centre, reach, clip, self.looked)


class LightCaptioner(nn.Module):
    """h_t = LSTM([w_t; query], h_t-1);  p(w_t+1) = softmax(W h_t)."""

    def __init__(
        self, words: int, width: int, word_width: int, hidden: int, dropout: float, more: int = 0
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, word_width)
        self.lstm = nn.LSTM(word_width + more + width, hidden, bias=False, batch_first=True)
        self.classify, self.dropout = nn.Linear(hidden, words), nn.Dropout(dropout)
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)
        nn.init.uniform_(self.classify.weight, -0.1, 0.1)
        nn.init.zeros_(self.classify.bias)

    def look(self, memory: Pyramid) -> Looked | None:
        """What is made of the clips' rows once, for all words of all events."""
        return None

    def begin(self, like: Tensor) -> State:
        """No word yet, for as many rows as this has."""
        return like.new_zeros((len(like), self.lstm.hidden_size)), like.new_zeros(
            (len(like), self.lstm.hidden_size)
        )

    def step(self, words: Tensor, found: Found, state: State) -> tuple[Tensor, State]:
        """One word [R] of each row: h [R, H]."""
        inputs = torch.cat([self.embed(words), found.query * MEAN_OF_ONE], -1)
        hidden, (h, c) = self.lstm(inputs[:, None], (state[0][None], state[1][None]))
        return hidden[:, 0], (h[0], c[0])

    def teach(self, ids: Tensor, found: Found) -> Tensor:
        """Logits [R, L, V] of the word after each of ids [R, L]."""
        query = (found.query * MEAN_OF_ONE)[:, None].expand(-1, ids.shape[1], -1)
        hidden, _ = self.lstm(torch.cat([self.embed(ids), query], -1))
        return self.logits(hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        """Of the next word."""
        return self.classify(self.dropout(hidden))  # type: ignore[no-any-return]


class LookingCaptioner(LightCaptioner):
    """a_j = softmax_j(u . tanh(A v(p_j) + B h_t-1));  h_t = LSTM([w_t; sum_j a_j v(p_j); query], h_t-1).

    Where p_j are is said by [h_t-1; query].
    """

    def __init__(
        self,
        words: int,
        width: int,
        word_width: int,
        hidden: int,
        dropout: float,
        *,
        levels: int,
        points: int,
        attend: int,
    ) -> None:
        super().__init__(words, width, word_width, hidden, dropout, more=width)
        self.offsets = Offsets(hidden + width, 1, levels, points)
        self.value = nn.Linear(width, width)
        self.key, self.asks = nn.Linear(width, attend), nn.Linear(hidden, attend)
        self.weigh = nn.Linear(attend, 1, bias=False)

    def look(self, memory: Pyramid) -> Looked:
        """Values and keys of every row: between two rows both are straight lines."""
        values = self.value(memory.values).masked_fill(~memory.real[..., None], 0)
        return Looked(memory.lengths, values, self.key(values))

    def step(self, words: Tensor, found: Found, state: State) -> tuple[Tensor, State]:
        """One word [R] of each row: h [R, H]."""
        inputs = torch.cat([self.embed(words), self._seen(found, state[0]), found.query], -1)
        hidden, (h, c) = self.lstm(inputs[:, None], (state[0][None], state[1][None]))
        return hidden[:, 0], (h[0], c[0])

    def teach(self, ids: Tensor, found: Found) -> Tensor:
        """Logits [R, L, V] of the word after each of ids [R, L]."""
        state, hidden = self.begin(found.query), []
        for words in ids.T:
            one, state = self.step(words, found, state)
            hidden.append(one)
        return self.logits(torch.stack(hidden, 1))

    def _seen(self, found: Found, hidden: Tensor) -> Tensor:
        """What a row looks at before its next word: [R, D]."""
        looked = found.looked
        assert looked is not None
        places = self.offsets.places(
            torch.cat([hidden, found.query], -1)[:, None], Places(found.centre, found.reach)
        )
        index, share = (part.flatten(1, 4) for part in between_rows(places, looked.lengths, "edge"))
        rows = index + found.clip[:, None, None] * looked.values.shape[1]
        keys = (looked.keys.flatten(0, 1)[rows] * share[..., None]).sum(2)
        weights = self.weigh((keys + self.asks(hidden)[:, None]).tanh()).softmax(1)
        mixed = (share * weights).flatten(1)[:, None] @ looked.values.flatten(0, 1)[rows.flatten(1)]
        seen: Tensor = mixed[:, 0]
        return seen
