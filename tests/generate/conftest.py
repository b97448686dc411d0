"""Small heads whose words can be counted out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import Stream, View
from vidcap_core.heads.layers import by_clip

MakeView = Callable[..., View]


class ToyRNN(Head):
    """A random recurrent head over a masked mean of frames; the state is a nested pytree."""

    def __init__(self, vocabulary: int, width: int = 12, sharp: float = 3.0, ends: float = 0.0) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.cell = nn.LSTMCell(2 * width, width)
        self.classify = nn.Linear(width, vocabulary)
        nn.init.normal_(self.classify.weight, std=sharp)
        self.ends = ends  # how fast EOS becomes likelier, so that texts end at different lengths

    def start(self, view: View) -> tuple[Any, Any]:
        """Mean of the real frames; zeros."""
        stream = view.streams["image"]
        real = stream.mask.unsqueeze(-1)
        memory = {"video": (stream.values * real).sum(1) / real.sum(1).clamp_min(1)}
        zero = torch.zeros_like(memory["video"])
        state = {"lstm": (zero, zero), "nothing": None, "steps": [torch.zeros(len(zero), dtype=torch.long)]}
        if view.prompt is not None:
            for position in range(view.prompt.shape[1] - 1):
                state = self.step(view.prompt[:, position], memory, state)[1]
        return memory, state

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word."""
        video = memory["video"]
        words = by_clip(self.embed(tokens), len(video))
        inputs = torch.cat([words, video[:, None].expand_as(words)], -1).flatten(0, 1)
        hidden, cell = self.cell(inputs, state["lstm"])
        logits = self.classify(hidden)
        logits[:, 1] += self.ends * state["steps"][0]
        return logits, {
            "lstm": (hidden, cell),
            "nothing": None,
            "steps": [state["steps"][0] + 1],
        }


class Table(Head):
    """A Markov chain: the next word depends on the last one alone."""

    def __init__(self, probabilities: dict[int, dict[int, float]], vocabulary: int) -> None:
        super().__init__()
        table = torch.zeros(vocabulary, vocabulary)
        for word, following in probabilities.items():
            for after, probability in following.items():
                table[word, after] = probability
        self.register_buffer("table", table.log())

    def start(self, view: View) -> tuple[Any, Any]:
        """No memory, no state."""
        return None, None

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word."""
        return self.table[tokens], None


@pytest.fixture
def toy() -> Callable[..., ToyRNN]:
    """Builds a toy head with fixed weights."""

    def make(vocabulary: int = 4, seed: int = 0, **changes: Any) -> ToyRNN:
        torch.manual_seed(seed)
        return ToyRNN(vocabulary, **changes).eval()

    return make


@pytest.fixture
def table() -> Callable[[dict[int, dict[int, float]], int], Table]:
    """Builds a Markov chain."""
    return Table


@pytest.fixture
def ragged() -> MakeView:
    """A view of clips of different lengths; `rows` picks some of them, without the others' padding."""

    def make(rows: list[int] | None = None, clips: int = 5, width: int = 12, seed: int = 1) -> View:
        values = torch.randn(clips, 6, width, generator=torch.Generator().manual_seed(seed))
        lengths = torch.tensor([6, 2, 4, 1, 3] * clips)[:clips]
        mask = torch.arange(6)[None] < lengths[:, None]
        picked = list(range(clips)) if rows is None else rows
        longest = int(lengths[picked].max())
        stream = Stream(values[picked, :longest], mask[picked, :longest])
        return View({"image": stream}, tuple(range(len(picked))), (None,) * len(picked))

    return make
