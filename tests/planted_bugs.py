"""Planted bugs: variants of the sound parts, each broken in one place, with the check that must find it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sound_parts as sound
import torch
from sound_parts import (
    AttentiveGRU,
    Centred,
    Clips,
    Colours,
    Films,
    FramesRead,
    Jitter,
    Loudness,
    LowRank,
    Overlap,
    Slots,
    WordList,
    WordLoss,
    Words,
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
    Sample,
    Stream,
    Tokenizer,
    Values,
    View,
    WriteSettings,
)
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.testing.checks import datasets, encoders, losses, metrics, tokenizers, transforms
from vidcap_core.testing.kit import CAPTIONER, CHECKS
from vidcap_core.testing.parts import Parts


@dataclass(frozen=True)
class Bug:
    """A broken variant of a sound part; its docstring says what is wrong. raises: it breaks by an error of its own."""

    kind: str
    check: str
    variant: Any
    raises: bool = False


# ---- heads


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


# ---- encoders


class OtherWidth(Colours):
    """rows are one wider than `dim`"""

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Stream:
        given = super().forward(frames, mask)
        return replace(given, values=torch.cat([given.values, given.values[..., :1]], -1))


class SquareOnly(Colours):
    """frames are taken for squares"""

    def quarters(self, frames: Tensor) -> Tensor:
        side = frames.shape[2]
        return super().quarters(frames.reshape(*frames.shape[:2], side, side, 3))


class CallsInRecipe(Colours):
    """the recipe counts the calls"""

    calls = 0

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Stream:
        self.calls += 1
        return super().forward(frames, mask)

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "calls": self.calls}


class ArrayInRecipe(Colours):
    """the recipe holds an array"""

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "scale": np.float32(255)}


class AddressInRecipe(Colours):
    """the recipe holds the address of the object"""

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "self": id(self)}


class NormalisedOverBatch(Colours):
    """rows are normalised over the clips of the batch"""

    def quarters(self, frames: Tensor) -> Tensor:
        rows = super().quarters(frames)
        return rows - rows.mean((0, 1))


class AllRowsReal(Colours):
    """the mask that it gives is always on"""

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Stream:
        given = super().forward(frames, mask)
        return replace(given, mask=torch.ones_like(given.mask))


class PaddedFramesSeen(Colours):
    """the mean over frames is over masked ones too"""

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Stream:
        given = super().forward(frames, mask)
        dark = self.quarters(frames).mean(-1, keepdim=True).amax(1, keepdim=True)
        return replace(given, values=given.values + dark)


class PaddedSoundHeard(Loudness):
    """masked samples are heard"""

    def real(self, samples: Tensor, mask: Tensor) -> Tensor:
        return samples


class TextsSorted(Words):
    """texts are sorted, and not put back in order"""

    def vectors(self, texts: Sequence[str]) -> Tensor:
        return super().vectors(sorted(texts, key=len))


class TextsFlat(Words):
    """what comes out is [B, dim], without a time"""

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        given = super().forward(x, mask)
        return Stream(given.values[:, 0], given.mask[:, 0])


class NoMeanSaved(Centred):
    """the assets do not hold the mean"""

    def assets(self) -> dict[str, Any]:
        return {"mean": torch.zeros_like(self.mean)}


class WidthNotLoaded(Centred):
    """`load_assets` leaves `dim` as it was"""

    def fit(self, dataset: Any) -> None:
        super().fit(dataset)
        self.dim = len(self.mean)

    def load_assets(self, assets: Mapping[str, Any]) -> None:
        super().load_assets(assets)
        self.dim = 0


class SourceChanged(Centred):
    """the stream that it is made of is changed in place"""

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        streams[self.stream].values.sub_(self.mean)
        return streams[self.stream]


class SourceUnnamed(Centred):
    """`sources` does not name the stream that it reads"""

    def __init__(self, **keys: Any) -> None:
        super().__init__(**keys)
        self.sources = ()


# ---- losses


class MeanNotSum(WordLoss):
    """it gives (mean, 1)"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        total, weight = super().forward(output, batch)
        return total / weight, torch.ones_like(weight)


class PaddingWeighed(WordLoss):
    """the weight counts padding"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        total, _ = super().forward(output, batch)
        return total, torch.tensor(float(self.prices(output)[1].numel()))


class PaddingPriced(WordLoss):
    """the sum counts padding"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        prices, mask = self.prices(output)
        return prices.sum(), mask.sum().float()


class RowsNotSummed(WordLoss):
    """the sum is one number a row"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        prices, mask = self.prices(output)
        return torch.where(mask, prices, 0).sum(1), mask.sum().float()


class InfiniteLoss(WordLoss):
    """a word without probability makes it infinite"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        total, weight = super().forward(output, batch)
        return total - torch.zeros(()).log(), weight


class DetachedLoss(WordLoss):
    """the sum is detached"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        total, weight = super().forward(output, batch)
        return total.detach(), weight


class LearntWeight(WordLoss):
    """the weight depends on what is learnt, and gradients go through it"""

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        total, weight = super().forward(output, batch)
        return total, weight + output["tokens"].value.square().sum()


# ---- data sets


class GlobalChance(Clips):
    """the caption is drawn by numpy's global generator"""

    def draw(self, rng: np.random.Generator) -> int:
        return int(np.random.randint(2))


class ServedCounted(Clips):
    """a sample depends on how many were read before"""

    served = 0

    def draw(self, rng: np.random.Generator) -> int:
        self.served += 1
        return self.served % 2


class ProcessChance(Clips):
    """noise is drawn by the number of the process: a worker reads other samples"""

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        sample = super().get(index, rng)
        chance = np.random.default_rng([os.getpid(), index])
        noisy = {
            n: (rows + chance.normal(size=rows.shape)).astype(np.float32)
            for n, rows in sample.streams.items()
        }
        return replace(sample, streams=noisy)


class AddressInFingerprint(Clips):
    """the fingerprint is the address of the object"""

    def fingerprint(self) -> str:
        return hex(id(self))


class IdsTwice(Clips):
    """two clips have one id"""

    def __init__(self, **keys: Any) -> None:
        super().__init__(**keys)
        self.clips[1] = replace(self.clips[1], id=self.clips[0].id)


class LengthOfClips(Clips):
    """its length counts clips, though a sample is a caption"""

    def __len__(self) -> int:
        return len(self.clips)


class OtherIds(Clips):
    """references are kept under other ids than clips have"""

    def references(self) -> dict[str, list[str]]:
        return {f"{clip}.mp4": texts for clip, texts in super().references().items()}

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        return replace(super().get(index % len(self), rng), text=None)


class NeighboursText(Clips):
    """a sample has the caption of the next clip"""

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        sample = super().get(index, rng)
        return replace(sample, text=super().get((index + 2) % len(self), rng).text, events=sample.events)


class Milliseconds(Clips):
    """events are in milliseconds"""

    def events(self) -> list[dict[str, list[Event]]]:
        return [
            {
                c: [Event(e.start * 1000 + 500, e.end * 1000, e.text) for e in events]
                for c, events in each.items()
            }
            for each in super().events()
        ]


class Transposed(Clips):
    """streams are [D, T]"""

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        sample = super().get(index, rng)
        return replace(sample, streams={name: rows.T for name, rows in sample.streams.items()})


class FloatFrames(Films):
    """frames are float, from 0 to 1"""

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        sample = super().get(index, rng)
        return replace(sample, inputs={"frames": (sample.inputs["frames"] / 255).astype(np.float32)})


class TimeTooMany(Films):
    """there is a time more than there are frames"""

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        sample = super().get(index, rng)
        return replace(sample, times={"frames": np.append(sample.times["frames"], 99.0)})


# ---- transforms


class InPlace(Jitter):
    """the arrays of the given sample are changed in place"""

    def noisy(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        rows += rng.normal(size=rows.shape).astype(rows.dtype)
        return rows


class OwnChance(Jitter):
    """noise is drawn by numpy's global generator"""

    def noisy(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return rows + np.random.normal(size=rows.shape).astype(rows.dtype)


class RowsWithoutTheirTimes(Jitter):
    """the first row of streams is left out, and its time is not"""

    def noisy(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return super().noisy(rows, rng)[1:]


class SometimesATarget(Jitter):
    """only some samples have the target"""

    def targets(self, sample: Sample, rng: np.random.Generator) -> dict[str, Any]:
        return super().targets(sample, rng) if sample.clip.id.endswith(("0", "2")) else {}


class OtherWidths(Jitter):
    """streams become one narrower, of some clips alone"""

    def noisy(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return super().noisy(rows, rng)[:, : rows.shape[1] - len(rows) % 2]


class TargetsAlone(Jitter):
    """it gives the targets, not a sample"""

    def __call__(self, sample: Sample, dataset: Any, rng: np.random.Generator) -> Any:
        return self.targets(sample, rng)


# ---- metrics


class NeverPerfect(Overlap):
    """the best that can be had is 0.9"""

    def mean(self, values: Sequence[float]) -> float:
        return 0.9 * super().mean(values)


class Percent(Overlap):
    """it declares 0 to 1, and gives percent"""

    def mean(self, values: Sequence[float]) -> float:
        return 100 * super().mean(values)


class NoVersion(Overlap):
    """it has no version"""

    version = ""


class EmptyTextCrashes(Overlap):
    """a prediction without words is divided by 0"""

    def of_clip(self, words: set[str], text: str) -> tuple[int, int]:
        hits, count = super().of_clip(words, text)
        return hits // count * count, count


class OneClipCrashes(Overlap):
    """it divides by the clips less one"""

    def mean(self, values: Sequence[float]) -> float:
        return (
            float(np.float64(sum(values)) / np.float64(len(values) - 1))
            if len(values) == 1
            else super().mean(values)
        )


class FirstClipCounts(Overlap):
    """the first clip counts double"""

    def mean(self, values: Sequence[float]) -> float:
        return super().mean([*values, values[0]])


class BestKept(Overlap):
    """the score is the best that there ever was"""

    best = 0.0

    def mean(self, values: Sequence[float]) -> float:
        self.best = 0.9 * self.best + 0.1 * super().mean(values)
        return self.best


class MeanOfRatios(Overlap):
    """`combine` is not what the value is made by"""

    def score(self, prepared: dict[str, set[str]], predictions: Mapping[str, str]) -> Values:
        values = super().score(prepared, predictions)
        return replace(values, corpus={**values.corpus, "Hits": values.corpus["Overlap"]})


# ---- tokenizers


class EndsDecoded(WordList):
    """`decode` writes the end token"""

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(self.words[i] for i in ids if i not in (self.pad_id, self.bos_id))


class BeginEncoded(WordList):
    """`encode` puts the begin token before the words"""

    def encode(self, text: str) -> list[int]:
        return [self.bos_id, *super().encode(text)]


class ShortLength(WordList):
    """its length is one too small"""

    def __len__(self) -> int:
        return len(self.words) - 2


class LastWordLost(WordList):
    """`decode` loses the last word"""

    def decode(self, ids: Sequence[int]) -> str:
        return super().decode(list(ids)[:-1])


class StateSorted(WordList):
    """`from_state` sorts the words"""

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Any:
        return super().from_state({**state, "words": [*state["words"][:4], *sorted(state["words"][4:])]})


class StateNotPlain(WordList):
    """the state holds a set"""

    def state(self) -> dict[str, Any]:
        return {**super().state(), "known": set(self.words)}


class RuleNotStored(WordList):
    """the state does not hold the rule that cleans texts"""

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Any:
        return super().from_state({**state, "normalize": "none"})


class UnknownToken(WordList):
    """`token_id` gives the unknown word's id for what is not there"""

    def token_id(self, token: str) -> int:
        return self._ids.get(token, self.unknown_id)


class SpecialWords(WordList):
    """a word of the captions is among `special_ids`"""

    @property
    def special_ids(self) -> frozenset[int]:
        return frozenset(range(6))


# ---- commands: a module of each, as its text

COMMAND = '''"""Greet."""

def add_parser(subparsers):
    parser = subparsers.add_parser({name!r}, help="greet")
    parser.set_defaults(func=lambda args: 0)
'''
COMMANDS = {
    "greet": ("sound", COMMAND.format(name="greet")),
    "greet_heavily": (
        "torch is imported for its parser",
        "import torch\n" + COMMAND.format(name="greet_heavily"),
    ),
    "greet_nobody": ("the parser has another name", COMMAND.format(name="greet_somebody")),
    "greet_badly": (
        "`add_parser` raises",
        COMMAND.format(name="greet_badly") + "    parser.add_argument()\n",
    ),
    "greet_never": (
        "`func` is not set",
        COMMAND.format(name="greet_never").replace("parser.set_defaults(func=lambda args: 0)", "pass"),
    ),
}
"""Name -> what is wrong with it, and its module."""


# ---- what no check can know


class FirstRowAlone(AttentiveGRU):
    """only the first row of a stream is read"""

    def rows(self, streams: Mapping[str, Stream]) -> Stream:
        rows = super().rows(streams)
        return replace(rows, values=rows.values[:, :1].expand_as(rows.values))


class ColoursExchanged(Colours):
    """red and blue are exchanged"""

    def quarters(self, frames: Tensor) -> Tensor:
        return super().quarters(frames.flip(-1))


class HalfTemperature(WordLoss):
    """scores are halved before the loss"""

    def prices(self, output: Output) -> tuple[Tensor, Tensor]:
        named = output["tokens"]
        return super().prices(Output(tokens=replace(named, value=named.value / 2)))


class MoreNoise(Jitter):
    """noise is ten times what the argument says"""

    def noisy(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return (rows + 10 * self.noise * rng.normal(size=rows.shape)).astype(rows.dtype)


class FirstReferenceAlone(Overlap):
    """only the first reference counts"""

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
        return super().prepare({clip: texts[:1] for clip, texts in references.items()})


HEAD, FILMED, EVENTS, TOLD = (
    "head",
    "head with its own encoder",
    "head with events",
    "head with a text encoder",
)
WRITES, READS = "head that writes by itself", "head that reads frames"
BUGS = (
    Bug(HEAD, "step = forward", ForwardDoubled),
    Bug(HEAD, "step = forward", NextWordSeen),
    Bug(HEAD, "masks", PaddingAveraged),
    Bug(HEAD, "masks", PaddingAttended),
    Bug(HEAD, "masks", FixedInName),
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
    Bug("encoder", "dim", OtherWidth),
    Bug("encoder", "dim", SquareOnly, raises=True),
    Bug("encoder", "recipe", CallsInRecipe),
    Bug("encoder", "recipe", ArrayInRecipe),
    Bug("encoder", "recipe", AddressInRecipe),
    Bug("encoder", "batch = single", NormalisedOverBatch),
    Bug("encoder", "batch = single", AllRowsReal),
    Bug("encoder", "masked rows", PaddedFramesSeen),
    Bug("encoder of sound", "masked rows", PaddedSoundHeard),
    Bug("encoder of texts", "batch = single", TextsSorted),
    Bug("encoder of texts", "dim", TextsFlat),
    Bug("derived encoder", "assets", NoMeanSaved),
    Bug("derived encoder", "assets", WidthNotLoaded),
    Bug("derived encoder", "assets", SourceChanged),
    Bug("derived encoder", "dim", SourceUnnamed, raises=True),
    Bug("loss", "additive", MeanNotSum),
    Bug("loss", "additive", PaddingWeighed),
    Bug("loss", "masked outputs", PaddingPriced),
    Bug("loss", "(sum, weight)", RowsNotSummed),
    Bug("loss", "(sum, weight)", InfiniteLoss),
    Bug("loss", "gradient", DetachedLoss),
    Bug("loss", "gradient", LearntWeight),
    Bug("data set", "same sample twice", GlobalChance),
    Bug("data set", "same sample twice", ServedCounted),
    Bug("data set", "same sample twice", AddressInFingerprint),
    Bug("data set", "in a worker", ProcessChance),
    Bug("data set", "counts", IdsTwice),
    Bug("data set of captions", "counts", LengthOfClips),
    Bug("data set", "texts", OtherIds),
    Bug("data set of captions", "texts", NeighboursText),
    Bug("data set", "events", Milliseconds),
    Bug("data set", "arrays", Transposed),
    Bug("data set of frames", "arrays", FloatFrames),
    Bug("data set of frames", "arrays", TimeTooMany),
    Bug("transform", "a sample", InPlace),
    Bug("transform", "a sample", TargetsAlone),
    Bug("transform", "a sample", RowsWithoutTheirTimes),
    Bug("transform", "same rng", OwnChance),
    Bug("transform", "collates", SometimesATarget),
    Bug("transform", "collates", OtherWidths),
    Bug("metric", "bounds", NeverPerfect),
    Bug("metric", "bounds", Percent),
    Bug("metric", "signature", NoVersion),
    Bug("metric", "odd clips", EmptyTextCrashes, raises=True),
    Bug("metric", "odd clips", OneClipCrashes),
    Bug("metric", "any order", FirstClipCounts),
    Bug("metric", "score again", BestKept),
    Bug("metric", "resampled", MeanOfRatios),
    Bug("tokenizer", "special ids", EndsDecoded),
    Bug("tokenizer", "special ids", SpecialWords),
    Bug("tokenizer", "ids", BeginEncoded),
    Bug("tokenizer", "ids", ShortLength),
    Bug("tokenizer", "text and back", LastWordLost),
    Bug("tokenizer", "state", StateSorted),
    Bug("tokenizer", "state", StateNotPlain),
    Bug("tokenizer", "state", RuleNotStored),
    Bug("tokenizer", "unknown token", UnknownToken),
    Bug("command", "light parser", "greet_heavily"),
    Bug("command", "--help", "greet_nobody"),
    Bug("command", "--help", "greet_badly"),
    Bug("command", "func", "greet_never"),
)


NOT_CAUGHT = (
    (HEAD, FirstRowAlone),
    ("encoder", ColoursExchanged),
    ("loss", HalfTemperature),
    ("transform", MoreNoise),
    ("metric", FirstReferenceAlone),
)
"""They keep every promise: what is meant by a method, its paper alone says."""


def words(bug: Bug) -> str:
    """What is wrong."""
    return COMMANDS[bug.variant][0] if isinstance(bug.variant, str) else str(bug.variant.__doc__)


# ---- subjects of the kit's checks


def _parts(made: dict[str, Any]) -> Parts:
    return Parts(validate(Config("sound", made)))


def _filmed(variant: type) -> Parts:
    """A head, or the encoder of its frames."""
    if issubclass(variant, Colours):
        encoder = {"type": f"{variant.__module__}:{variant.__name__}"}
        return _parts(sound.filmed(encoders={"image": encoder}))
    return _parts(sound.with_head(sound.filmed(), variant))


def _tokenizer(variant: type) -> tokenizers.Subject:
    tokenizer = variant()
    tokenizer.fit(sound.captions())
    return tokenizers.Subject(tokenizer, list(sound.captions()))


def _transform(variant: type) -> transforms.Subject:
    clips = Clips()
    tokenizer = WordList()
    tokenizer.fit(clips.captions())
    return transforms.Subject(variant(), clips, tokenizer)


@dataclass(frozen=True)
class Kind:
    """The sound part of a kind, how a variant of it becomes the subject of checks, and those."""

    sound: Any
    subject: Callable[[Any], Any]
    checks: Mapping[str, Callable[[Any], None]]


KINDS: dict[str, Kind] = {
    HEAD: Kind(AttentiveGRU, lambda v: _parts(sound.with_head(sound.config(), v)), CAPTIONER),
    FILMED: Kind(AttentiveGRU, _filmed, CAPTIONER),
    EVENTS: Kind(
        AttentiveGRU,
        lambda v: _parts(sound.with_head(sound.eventful(), v)),
        {name: check for name, check in CAPTIONER.items() if name != "learnt by heart is said"},
    ),
    TOLD: Kind(
        AttentiveGRU,
        lambda v: _parts(sound.with_head(sound.told(), v)),
        {n: CAPTIONER[n] for n in ("overfit", "learnt by heart is said")},
    ),
    WRITES: Kind(Slots, lambda v: _parts(sound.with_head(sound.written(), v)), CAPTIONER),
    READS: Kind(FramesRead, lambda v: _parts(sound.with_head(sound.of_frames(), v)), CAPTIONER),
    "encoder": Kind(Colours, encoders.Subject, CHECKS["encoders"]),
    "encoder of sound": Kind(Loudness, encoders.Subject, CHECKS["encoders"]),
    "encoder of texts": Kind(Words, encoders.Subject, CHECKS["encoders"]),
    "derived encoder": Kind(Centred, lambda v: encoders.Subject(v, Clips()), CHECKS["encoders"]),
    "loss": Kind(WordLoss, lambda v: losses.Subject(v(), _parts(sound.config())), CHECKS["losses"]),
    "data set": Kind(Clips, lambda v: datasets.Subject(lambda: v(unit="clip")), CHECKS["datasets"]),
    "data set of captions": Kind(Clips, datasets.Subject, CHECKS["datasets"]),
    "data set of frames": Kind(Films, datasets.Subject, CHECKS["datasets"]),
    "transform": Kind(Jitter, _transform, CHECKS["transforms"]),
    "metric": Kind(Overlap, metrics.Subject, CHECKS["metrics"]),
    "tokenizer": Kind(WordList, _tokenizer, CHECKS["tokenizers"]),
}
"""All but commands, which are installed for a check."""
