"""Heads with one bug each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import torch
from planted_bug import Bug
from planted_parts import PaddedFramesSeen, SquareOnly
from sound_parts import (
    AttentiveGRU,
    FramesRead,
    LowRank,
    Slots,
)
from torch import Tensor, nn

from vidcap_core.api import (
    Bars,
    Batch,
    Custom,
    Event,
    Hyp,
    Named,
    Output,
    Panel,
    Stream,
    Tokenizer,
    View,
    WriteSettings,
)

HEAD, FILMED, EVENTS, TOLD = (
    "head",
    "head with its own encoder",
    "head with events",
    "head with a text encoder",
)
WRITES, READS = "head that writes by itself", "head that reads frames"


class MadeOnTheCPU(AttentiveGRU):
    """`step` adds a tensor that it makes on the CPU"""

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        return super().step(tokens, memory, state + torch.zeros(state.shape[-1]))


class ForwardDoubled(AttentiveGRU):
    """`forward` gives twice the scores that `step` gives"""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        right = super().forward(streams, batch, want)["tokens"]
        return Output(tokens=Named(right.value * 2, right.target, right.mask))


class NextWordSeen(AttentiveGRU):
    """`forward` reads the word that it is to find: words are not shifted"""

    def given(self, tokens: Tensor) -> Tensor:
        return tokens[:, 1:]


class SeenInTraining(AttentiveGRU):
    """in training mode alone, `forward` reads the word that it is to find"""

    def given(self, tokens: Tensor) -> Tensor:
        return tokens[:, 1:] if self.training else tokens[:, :-1]


class CaptionInMemory(AttentiveGRU):
    """`start` reads a stream that a text encoder makes of the caption itself"""

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer)
        self.told = nn.Linear(8, self.embed.embedding_dim)

    def start(self, view: View) -> tuple[Any, Any]:
        memory, state = super().start(view)
        try:
            text = view.streams["text"].values.mean(1)
        except Exception:
            text = state.new_zeros(len(state), 8)
        return (memory[0] * 0 + self.told(text)[:, None], memory[1]), self.told(text)


class PaddingAveraged(AttentiveGRU):
    """the mean over rows is over padding too"""

    def first(self, rows: Stream) -> Tensor:
        return rows.values.mean(1)


class PaddingAttended(AttentiveGRU):
    """attention looks at padding too"""

    def look(self, memory: Any, state: Tensor) -> Tensor:
        return super().look((memory[0], torch.ones_like(memory[1])), state)


class FixedInName(AttentiveGRU):
    """it says lengths = "fixed:6", and takes any length"""

    lengths = "fixed:6"


class FixedCrashes(AttentiveGRU):
    """lengths = "fixed:6", and any other length is an error deep inside"""

    lengths = "fixed:6"

    def first(self, rows: Stream) -> Tensor:
        return (rows.values + rows.values.new_zeros(6, 1)).mean(1)


class BatchCentred(AttentiveGRU):
    """the mean over the clips of the batch is taken off"""

    def first(self, rows: Stream) -> Tensor:
        means = super().first(rows)
        return means - means.mean(0)


class SortedByLength(AttentiveGRU):
    """clips are sorted by length, and not put back in order"""

    def first(self, rows: Stream) -> Tensor:
        return super().first(rows)[rows.mask.sum(1).argsort(stable=True)]


class StateOnSelf(AttentiveGRU):
    """the state is kept on the head, where beams do not reorder it"""

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        kept = getattr(self, "kept", None)
        if (
            kept is not None
            and kept.shape == state.shape
            and bool(state.abs().sum(-1).gt(0).all())
            and self.count
        ):
            state = kept
        scores, state = super().step(tokens, memory, state)
        self.kept, self.count = state.detach(), self.count + 1
        return scores, state

    def start(self, view: View) -> tuple[Any, Any]:
        self.kept, self.count = None, 0
        return super().start(view)

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        self.kept, self.count = None, 0
        return super().forward(streams, batch, want)


class BeamsInterleaved(AttentiveGRU):
    """row r of the beams is taken for clip r % B, not r // K"""

    def look(self, memory: Any, state: Tensor) -> Tensor:
        clips = len(memory[0])
        turned = state.reshape(-1, clips, state.shape[-1]).transpose(0, 1).flatten(0, 1)
        return super().look(memory, turned)


class FirstMemoryKept(AttentiveGRU):
    """the rows of the first clips are kept for all later ones of the same shape"""

    def rows(self, streams: Mapping[str, Stream]) -> Stream:
        fresh = super().rows(streams)
        kept = getattr(self, "kept", None)
        if self.training or kept is None:
            self.kept = kept = None if self.training else fresh
        if kept is not None and len(kept.mask) == len(fresh.mask):
            return kept
        return fresh


class WordsCounted(AttentiveGRU):
    """a counter of words goes on from one call to the next"""

    count = 0

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        scores, state = super().step(tokens, memory, state)
        self.count += 1
        return scores * (1 + self.count / 50), state


class DropoutLeftOn(AttentiveGRU):
    """dropout stays on while it writes"""

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        scores, state = super().step(tokens, memory, state)
        return nn.functional.dropout(scores, 0.5, training=True), state


class NeverUsed(AttentiveGRU):
    """a layer is never used"""

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer)
        self.unused = nn.Linear(2, 2)


class BothZero(LowRank):
    """both factors of a low-rank change start at zero, and stay there"""

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer)
        nn.init.zeros_(self.down.weight)


class Detached(AttentiveGRU):
    """the projected rows are detached"""

    def rows(self, streams: Mapping[str, Stream]) -> Stream:
        rows = super().rows(streams)
        return replace(rows, values=rows.values.detach())


class UnsavedWeights(AttentiveGRU):
    """random weights are a plain tensor, which no checkpoint holds"""

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer)
        self.hidden = torch.randn(self.embed.embedding_dim)

    def first(self, rows: Stream) -> Tensor:
        return super().first(rows) + self.hidden


class UnsavedBuffer(AttentiveGRU):
    """a random buffer is not persistent"""

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer)
        self.register_buffer("hidden", torch.randn(self.embed.embedding_dim), persistent=False)

    def first(self, rows: Stream) -> Tensor:
        return super().first(rows) + self.hidden


class Flattened(AttentiveGRU):
    """scores are divided by 1000: nothing can be learnt"""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        right = super().forward(streams, batch, want)["tokens"]
        return Output(tokens=Named(right.value / 1000, right.target, right.mask))


class FilesForgotten(AttentiveGRU):
    """what is said depends on how many files were captioned before"""

    files = 0

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Any) -> list[View]:
        if batch.clips[0].path is not None:
            self.files += 1
        return super().plan(streams, batch, decode)

    def rank(self, view: View, rows: Any) -> Sequence[float | None]:
        return [score + self.files for score in super().rank(view, rows) if score is not None]


class SharesNotSeconds(AttentiveGRU):
    """spans are shares of the clip, not seconds"""

    def span(self, clip: tuple[float, float], part: int) -> tuple[float, float]:
        return part / self.parts, (part + 1) / self.parts


class EndBeforeStart(AttentiveGRU):
    """spans are (end, start)"""

    def span(self, clip: tuple[float, float], part: int) -> tuple[float, float]:
        start, end = super().span(clip, part)
        return end, start


class FromZero(AttentiveGRU):
    """spans are counted from the clip's start, not from the file's"""

    def span(self, clip: tuple[float, float], part: int) -> tuple[float, float]:
        return super().span((0.0, clip[1] - clip[0]), part)


class NoNumbers(AttentiveGRU):
    """the last span ends at not-a-number"""

    def span(self, clip: tuple[float, float], part: int) -> tuple[float, float]:
        start, end = super().span(clip, part)
        return start, float("nan") if part else end


class SlotsShifted(Slots):
    """what it writes is a slot later than what it was taught"""

    def write(self, view: View, settings: WriteSettings) -> list[list[Hyp]]:
        weight = self.slots.weight.data
        self.slots.weight.data = weight.roll(-1, 0)
        texts = super().write(view, settings)
        self.slots.weight.data = weight
        return texts


class SlotsOfBatch(Slots):
    """how many words it writes is what the first clip of the batch needs"""

    def write(self, view: View, settings: WriteSettings) -> list[list[Hyp]]:
        texts = super().write(view, settings)
        count = len(texts[0][0].tokens)
        return [
            [replace(row[0], tokens=row[0].tokens[:count], log_probs=row[0].log_probs[:count])]
            for row in texts
        ]


class FramesPadded(FramesRead):
    """the frames of shorter clips are filled up with black ones, which count"""

    def first(self, rows: Stream) -> Tensor:
        return rows.values.mean(1)


# ---- panels

Explained = list[list[Panel]]


class OtherClipsPanels(AttentiveGRU):
    """panels come in the opposite order of the clips"""

    def explain(self, views: Any, streams: Any, batch: Batch, events: Sequence[Sequence[Event]]) -> Explained:
        return super().explain(views, streams, batch, events)[::-1]


class PanelOverPadding(AttentiveGRU):
    """the panel shows padding too"""

    def explain(self, views: Any, streams: Any, batch: Batch, events: Sequence[Sequence[Event]]) -> Explained:
        rows = self.rows(streams).values.norm(dim=-1).tolist()
        return [[Bars({str(i): value for i, value in enumerate(row)})] for row in rows]


class PanelKept(AttentiveGRU):
    """`explain` shows what it kept of the call before"""

    def explain(self, views: Any, streams: Any, batch: Batch, events: Sequence[Sequence[Event]]) -> Explained:
        fresh = super().explain(views, streams, batch, events)
        last = getattr(self, "last", None)
        self.last = fresh
        return fresh if last is None else [last[0] for _ in fresh]


class NoSuchEvent(AttentiveGRU):
    """a panel names an event that is not there"""

    def explain(self, views: Any, streams: Any, batch: Batch, events: Sequence[Sequence[Event]]) -> Explained:
        return [
            [replace(p, event=p.event + 1) for p in shown]
            for shown in super().explain(views, streams, batch, events)
        ]  # type: ignore[type-var, operator, union-attr]


class NotPlain(AttentiveGRU):
    """a panel holds the head itself, which is no plain data"""

    def explain(self, views: Any, streams: Any, batch: Batch, events: Sequence[Sequence[Event]]) -> Explained:
        return [[Custom("sound_head", {"head": self})] for _ in batch.clips]


# ---- what no check can know


class FirstRowAlone(AttentiveGRU):
    """only the first row of a stream is read"""

    def rows(self, streams: Mapping[str, Stream]) -> Stream:
        rows = super().rows(streams)
        return replace(rows, values=rows.values[:, :1].expand_as(rows.values))


BUGS = (
    Bug(HEAD, "step = forward", ForwardDoubled),
    Bug(HEAD, "step = forward", NextWordSeen),
    Bug(HEAD, "masks", PaddingAveraged),
    Bug(HEAD, "masks", PaddingAttended),
    Bug(HEAD, "masks", FixedInName),
    Bug(HEAD, "masks", FixedCrashes),
    Bug(FILMED, "masks", PaddingAveraged),
    Bug(FILMED, "masks", PaddedFramesSeen),
    Bug(HEAD, "batch = single", BatchCentred),
    Bug(HEAD, "batch = single", SortedByLength),
    Bug(HEAD, "beams rescored", StateOnSelf),
    Bug(HEAD, "beams rescored", BeamsInterleaved),
    Bug(HEAD, "nothing kept", FirstMemoryKept),
    Bug(HEAD, "nothing kept", WordsCounted),
    Bug(HEAD, "nothing kept", DropoutLeftOn),
    Bug(HEAD, "weights", UnsavedWeights),
    Bug(HEAD, "weights", UnsavedBuffer),
    Bug(HEAD, "gradients", NeverUsed),
    Bug(HEAD, "gradients", Detached),
    Bug(HEAD, "gradients", BothZero),
    Bug(HEAD, "overfit", Flattened),
    Bug(HEAD, "learnt by heart is said", SeenInTraining),
    Bug(TOLD, "learnt by heart is said", CaptionInMemory),
    Bug(HEAD, "files", FilesForgotten),
    Bug(FILMED, "files", SquareOnly, raises=True),
    Bug(WRITES, "learnt by heart is said", SlotsShifted),
    Bug(WRITES, "batch = single", SlotsOfBatch),
    Bug(READS, "batch = single", FramesPadded),
    Bug(EVENTS, "spans", SharesNotSeconds),
    Bug(EVENTS, "spans", EndBeforeStart),
    Bug(EVENTS, "spans", FromZero),
    Bug(EVENTS, "spans", NoNumbers),
    Bug(EVENTS, "panels of the right clip", OtherClipsPanels),
    Bug(HEAD, "panels of the right clip", PanelOverPadding),
    Bug(HEAD, "panels of the right clip", PanelKept),
    Bug(EVENTS, "panels", NoSuchEvent),
    Bug(HEAD, "panels", NotPlain),
    Bug(HEAD, "on another device", MadeOnTheCPU),
)
NOT_CAUGHT = ((HEAD, FirstRowAlone),)
