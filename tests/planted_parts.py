"""Encoders, losses, data sets, transforms, metrics and tokenizers with one bug each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from planted_bug import Bug
from sound_parts import (
    Centred,
    Clips,
    Colours,
    Films,
    Jitter,
    Loudness,
    Overlap,
    WordList,
    WordLoss,
    Words,
)
from torch import Tensor

from vidcap_core.api import (
    Batch,
    Event,
    Output,
    Sample,
    Stream,
    Values,
)

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


# ---- what no check can know


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


BUGS = (
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
)
NOT_CAUGHT = (
    ("encoder", ColoursExchanged),
    ("loss", HalfTemperature),
    ("transform", MoreNoise),
    ("metric", FirstReferenceAlone),
)
