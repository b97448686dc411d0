"""One branch: its attention, its LSTM and its classifier."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from vidcap_srvc_la.attention import LatentAttention, MeanContext

Cell = tuple[Tensor, Tensor]
"""h and c, each [R, H]."""


class Weights(NamedTuple):
    """Slices of the LSTM's input weights, cut once and used at every step."""

    word: Tensor | None
    clip: Tensor | None
    seen: Tensor


class Branch(nn.Module):
    """h_t, c_t = LSTM([e_{t-1}; v; z_t]; h_{t-1}, c_{t-1}), where e or v may be left out; o_t = W Drop(h_t) + b.

    The part of the gates that words decide is one product over all steps, the part of the clip one product a clip;
    only z_t and h_{t-1} are left for each step.
    """

    def __init__(
        self,
        look: LatentAttention | MeanContext,
        *,
        word: int,
        clip: int,
        size: int,
        start_from: int | None,
        vocabulary: int | None,
    ) -> None:
        super().__init__()
        self.look = look
        self.word, self.clip, self.size = word, clip, size
        self.cell = nn.LSTMCell(word + clip + look.size, size)
        self.start = None if start_from is None else nn.Linear(start_from, size)
        self.classify = None if vocabulary is None else nn.Linear(size, vocabulary)

    def first(self, video: Tensor) -> Cell:
        """h_0 and c_0: zeros, or h_0 = tanh(W v)."""
        zeros = video.new_zeros((len(video), self.size))
        return (zeros if self.start is None else torch.tanh(self.start(video))), zeros

    def weights(self) -> Weights:
        """The input weights by what they multiply."""
        word, clip, seen = self.cell.weight_ih.split([self.word, self.clip, self.look.size], 1)
        return Weights(word if self.word else None, clip if self.clip else None, seen)

    def clip_gates(self, weights: Weights, video: Tensor) -> Tensor:
        """What the clip as a whole says to the gates [B, 4H], biases in it."""
        bias = self.cell.bias_ih + self.cell.bias_hh
        return bias.expand(len(video), -1) if weights.clip is None else linear(video, weights.clip, bias)

    def word_gates(self, weights: Weights, embedded: Tensor) -> Tensor | None:
        """What words say to the gates [..., 4H]; None where the branch does not hear them."""
        return None if weights.word is None else linear(embedded, weights.word)

    def step(self, weights: Weights, gates: Tensor, seen: Tensor, before: Cell) -> Cell:
        """One step of the LSTM from gates that know the word and the clip."""
        hidden, cell = before
        gates = torch.addmm(torch.addmm(gates, seen, weights.seen.t()), hidden, self.cell.weight_hh.t())
        enter, forget, new, out = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        return out.sigmoid() * cell.tanh(), cell
