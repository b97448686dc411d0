"""A sound, tiny component of every kind, for the kit to find nothing in; planted bugs are variants of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vidcap_core.api import (
    Additive,
    Batch,
    DerivedEncoder,
    Encoder,
    Event,
    FrameAttention,
    Head,
    Hyp,
    Loss,
    Named,
    Output,
    Panel,
    RawClip,
    Sample,
    Stream,
    Tokenizer,
    Values,
    View,
    WriteSettings,
    caption_tokens,
    flatten_texts,
    mean_rows,
    output_with_target,
    read_streams,
    regroup_texts,
    row_mask,
    rows_by_clip,
    seeded,
    whole_clips,
)
from vidcap_core.testing import tiny
from vidcap_core.testing.tiny import TinyClips
from vidcap_core.tokenizers.vocabulary import Vocabulary


class AttentiveGRU(Head):
    """a_t = softmax over rows of h_t-1 . v;  h_t = GRU(e(w_t-1) + sum a_t v, h_t-1);  logits = V h_t.

    streams: name -> width of the one stream that is read.
    width: of everything inside.
    parts: events a clip, each over an equal share of it.
    """

    def __init__(
        self, *, streams: dict[str, int], tokenizer: Tokenizer, width: int = 32, parts: int = 1
    ) -> None:
        super().__init__()
        self.streams, self.parts, self.tokenizer = streams, parts, tokenizer
        [(self.stream, size)] = streams.items()
        self.project = nn.Linear(size, width)
        self.embed = nn.Embedding(len(tokenizer), width)
        self.cell = nn.GRUCell(width, width)
        self.classify = nn.Linear(width, len(tokenizer))

    def rows(self, streams: Mapping[str, Stream]) -> Stream:
        """Projected rows of the stream."""
        stream = read_streams(streams, self.streams, "AttentiveGRU")[self.stream]
        return replace(stream, values=self.project(stream.values).tanh())

    def first(self, rows: Stream) -> Tensor:
        """The first state."""
        return mean_rows(rows)

    def start(self, view: View) -> tuple[Any, Any]:
        """Rows and their mask, and their mean."""
        rows = self.rows(view.streams)
        return (rows.values, rows.mask), self.first(rows)

    def look(self, memory: Any, state: Tensor) -> Tensor:
        """Where each row of state [R, W] looks: [B, K, T]."""
        values, mask = memory
        queries = state.reshape(len(values), -1, state.shape[-1])
        scores = queries @ values.transpose(1, 2)
        return scores.masked_fill(~mask[:, None], -1e9).softmax(-1)

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word."""
        seen = (self.look(memory, state) @ memory[0]).flatten(0, 1)
        state = self.cell(self.embed(tokens) + seen, state)
        return self.classify(state), state

    def given(self, tokens: Tensor) -> Tensor:
        """The words that come before those that are to be found."""
        return tokens[:, :-1]

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words; scores are computed at once."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        memory, state = self.start(whole_clips(streams, batch))
        states = []
        for words in self.given(tokens).T:
            seen = (self.look(memory, state) @ memory[0]).flatten(0, 1)
            state = self.cell(self.embed(words) + seen, state)
            states.append(state)
        return Output(tokens=Named(self.classify(torch.stack(states, 1)), tokens[:, 1:], mask[:, 1:]))

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Any) -> list[View]:
        """Each clip as a whole, or its parts."""
        if self.parts == 1:
            return [whole_clips(streams, batch)]
        device = streams[self.stream].values.device
        owner = torch.arange(len(batch), device=device).repeat_interleave(self.parts)
        part = torch.arange(self.parts, device=device).repeat(len(batch))
        stream = streams[self.stream].rows(owner)
        index, real = torch.arange(stream.mask.shape[1], device=device), stream.mask.sum(1)
        mine = (index * self.parts // real[:, None].clamp_min(1)) == part[:, None]
        view = {self.stream: replace(stream, mask=stream.mask & mine)}
        spans = [self.span(batch.clips[i].span, int(k)) for i, k in zip(owner.tolist(), part, strict=True)]
        return [View(view, tuple(owner.tolist()), tuple(spans))]

    def span(self, clip: tuple[float, float], part: int) -> tuple[float, float]:
        """Seconds of a part of a clip."""
        share = (clip[1] - clip[0]) / self.parts
        return clip[0] + part * share, clip[0] + (part + 1) * share

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """Where each word of each event looked."""
        rows = self.rows(streams)
        return [
            [self.panel(rows.rows(slice(i, i + 1)), batch.clips[i].span, e, k) for k, e in enumerate(listed)]
            for i, listed in enumerate(events)
        ]

    def panel(self, rows: Stream, clip: tuple[float, float], event: Event, index: int) -> Panel:
        """Of one event: words by real rows."""
        words, weights = event.text.split(), []
        state = self.first(rows)
        for token in [self.tokenizer.bos_id, *self.tokenizer.encode(event.text)][: len(words)]:
            weights.append(self.look((rows.values, rows.mask), state)[0, 0][rows.mask[0]].tolist())
            _, state = self.step(
                torch.tensor([token], device=rows.values.device), (rows.values, rows.mask), state
            )
        count = int(rows.mask.sum())
        times = np.linspace(clip[0], clip[1], 2 * count + 1)[1::2].tolist()
        return FrameAttention(tuple(words), {"rows": tuple(map(tuple, weights))}, tuple(times), event=index)


class LowRank(AttentiveGRU):
    """The sound head with a change of low rank, one factor of which starts at zero.

    As in AttentiveGRU.
    """

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer, width: int = 32) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer, width=width)
        self.down, self.up = nn.Linear(width, 2, bias=False), nn.Linear(2, width, bias=False)
        nn.init.zeros_(self.up.weight)

    def first(self, rows: Stream) -> Tensor:
        """With the change."""
        mean = super().first(rows)
        return mean + self.up(self.down(mean))


class Slots(AttentiveGRU):
    """All words at once, each from its position and the rows; it writes by itself.

    As in AttentiveGRU.
    """

    LONGEST = 10
    decodes = frozenset({"greedy", "max_length"})
    step, explain = Head.step, Head.explain

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer, width: int = 32) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer, width=width)
        del self.cell, self.embed
        self.slots = nn.Embedding(self.LONGEST, width)

    def scores(self, rows: Stream, count: int) -> Tensor:
        """Of the first words [B, count, V]."""
        seen = self.first(rows)[:, None] + self.slots.weight[:count]
        return self.classify(seen.tanh())

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        scores = self.scores(self.rows(streams), tokens.shape[1] - 1)
        return Output(tokens=Named(scores, tokens[:, 1:], mask[:, 1:]))

    def write(self, view: View, settings: WriteSettings) -> list[list[Hyp]]:
        """The best word of each slot, up to the first end."""
        logs = self.scores(self.rows(view.streams), min(settings.max_length, self.LONGEST)).log_softmax(-1)
        best, words = logs.max(-1)
        texts = []
        for row, scores in zip(words.tolist(), best.tolist(), strict=True):
            length = row.index(settings.eos) if settings.eos in row else len(row)
            texts.append([Hyp(row[:length], sum(scores[:length]), scores[:length])])
        return texts


class FramesRead(AttentiveGRU):
    """The sound head on frames that it prepares itself.

    As in AttentiveGRU.
    """

    reads = frozenset({"frames"})
    sampling = {"kind": "fps", "rate": 5.0}  # noqa: RUF012

    def __init__(self, *, tokenizer: Tokenizer, width: int = 32) -> None:
        super().__init__(streams={"own": 3}, tokenizer=tokenizer, width=width)
        self.streams = {}

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """The mean colour of each frame."""
        assert raw.frames is not None
        return {"colours": raw.frames.mean((1, 2), dtype=np.float32) / 255}

    def start(self, view: View) -> tuple[Any, Any]:
        """Rows of different lengths side by side."""
        given = list(view.inputs["colours"])
        mask = nn.utils.rnn.pad_sequence(
            [torch.ones(len(r), dtype=torch.bool, device=r.device) for r in given], batch_first=True
        )
        values = self.project(nn.utils.rnn.pad_sequence(given, batch_first=True)).tanh()
        return (values, mask), self.first(Stream(values, mask))

    explain = Head.explain


class Colours(Encoder):
    """Mean colours of the quarters of each frame, beside those of the clip.

    dim: width of a row.
    """

    reads = "frames"

    def __init__(self, dim: int = 16) -> None:
        super().__init__()
        self.dim, self.sampling = dim, {"kind": "fps", "rate": 5.0}
        with seeded(0):
            self.project = nn.Linear(24, dim)

    def quarters(self, frames: Tensor) -> Tensor:
        """Frames [B, T, H, W, 3] to [B, T, 12]."""
        pictures = frames.flatten(0, 1).permute(0, 3, 1, 2).float() / 255
        return nn.functional.adaptive_avg_pool2d(pictures, 2).reshape(*frames.shape[:2], 12)

    def whole(self, rows: Tensor, mask: Tensor) -> Tensor:
        """What the clip has on average [B, 12]."""
        return mean_rows(Stream(rows, mask))

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames to rows."""
        real, rows = row_mask(mask, frames), self.quarters(frames)
        clip = self.whole(rows, real)[:, None].expand_as(rows)
        return Stream(self.project(torch.cat([rows, clip], -1)), real)

    def describe(self) -> dict[str, Any]:
        """How many quarters."""
        return {"quarters": 4}


class Loudness(Encoder):
    """Energy and mean of each tenth of a second.

    dim: width of a row.
    """

    reads = "audio"
    WINDOW = 1600

    def __init__(self, dim: int = 8) -> None:
        super().__init__()
        self.dim, self.sampling = dim, {}
        with seeded(0):
            self.project = nn.Linear(2, dim)

    def real(self, samples: Tensor, mask: Tensor) -> Tensor:
        """Samples that count."""
        return torch.where(mask, samples, 0.0)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Samples [B, N] to rows."""
        known = row_mask(mask, x)
        short = -x.shape[1] % self.WINDOW
        samples = nn.functional.pad(self.real(x, known), (0, short)).unflatten(1, (-1, self.WINDOW))
        counts = nn.functional.pad(known, (0, short)).unflatten(1, (-1, self.WINDOW)).sum(-1, keepdim=True)
        parts = [samples.square().sum(-1, keepdim=True), samples.sum(-1, keepdim=True)]
        return Stream(self.project(torch.cat(parts, -1) / counts.clamp_min(1)), counts[..., 0] > 0)

    def describe(self) -> dict[str, Any]:
        """Samples a row."""
        return {"window": self.WINDOW}


class Words(Encoder):
    """The mean of the vectors of a text's words, each known by its hash.

    dim: width of a row.
    """

    reads = "text"

    def __init__(self, dim: int = 8) -> None:
        super().__init__()
        self.dim, self.sampling = dim, {}
        with seeded(0):
            self.embed = nn.Embedding(64, dim)

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """One a text."""
        ids = [[zlib.crc32(word.encode()) % 64 for word in text.split()] or [0] for text in texts]
        return torch.stack(
            [self.embed(torch.tensor(row, device=self.embed.weight.device)).mean(0) for row in ids]
        )

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        """Texts to rows."""
        texts, counts = flatten_texts(x)
        return regroup_texts(self.vectors(texts), counts)

    def describe(self) -> dict[str, Any]:
        """How many hashes."""
        return {"hashes": 64}


class Centred(DerivedEncoder):
    """A stream without its mean over the training clips.

    stream: which one.
    """

    def __init__(self, *, stream: str = "image") -> None:
        super().__init__()
        self.stream, self.sources, self.sampling, self.dim = stream, (stream,), {}, 0
        self.mean = torch.zeros(0)

    def fit(self, dataset: Any) -> None:
        """Learn the mean."""
        rows = np.concatenate([rows for _, rows in rows_by_clip(dataset, self.stream)])
        self.load_assets({"mean": torch.from_numpy(rows.mean(0))})

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        """Of one clip."""
        given = streams[self.stream]
        return replace(given, values=given.values - self.mean)

    def assets(self) -> dict[str, Any]:
        """The mean."""
        return {"mean": self.mean}

    def load_assets(self, assets: Mapping[str, Any]) -> None:
        """Take it over."""
        self.mean = torch.as_tensor(assets["mean"]).float()
        self.dim = len(self.mean)

    def describe(self) -> dict[str, Any]:
        """Of what."""
        return {"stream": self.stream}


class WordLoss(Loss):
    """-sum log p(w) over the words that count."""

    reads = frozenset({"tokens"})

    def prices(self, output: Output) -> tuple[Tensor, Tensor]:
        """-log p [R, L] and the mask."""
        logits, target, mask = output_with_target(output, "tokens", "WordLoss")
        assert mask is not None
        return cross_entropy(logits.transpose(1, 2), target, reduction="none"), mask

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum, and number of words."""
        prices, mask = self.prices(output)
        return torch.where(mask, prices, 0).sum(), mask.sum().float()


class Clips(TinyClips):
    """Tiny clips; with unit="clip" the caption is drawn from `rng`.

    fixed: whether all streams are of one length. Others as in TinyClips.
    """

    def draw(self, rng: np.random.Generator) -> int:
        """Which caption."""
        return int(rng.integers(2))

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """One sample."""
        sample = super().get(index, rng)
        if self.unit == "clip":
            sample = replace(sample, text=self.references()[sample.clip.id][self.draw(rng)])
        return replace(
            sample, times={n: np.arange(len(rows), dtype=np.float32) for n, rows in sample.streams.items()}
        )


class Films(Clips):
    """The same clips as frames: the first numbers of a row are its colours.

    As in TinyClips.
    """

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """One sample."""
        sample = super().get(index, rng)
        rows = sample.streams["image"]
        colours = (rows[:, :12].reshape(-1, 2, 2, 3) * 60 + 128).clip(0, 255).astype(np.uint8)
        frames = colours.repeat(3, 1).repeat(4, 2)  # [T, 6, 8, 3]
        times = np.arange(len(rows), dtype=np.float32)
        return replace(sample, streams={}, inputs={"frames": frames}, times={"frames": times})


class Jitter:
    """Noise on the streams, and how long they are as a target.

    noise: how much.
    """

    varies = True

    def __init__(self, noise: float = 0.1) -> None:
        self.noise = noise

    def noisy(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows with noise."""
        return (rows + self.noise * rng.normal(size=rows.shape)).astype(rows.dtype)

    def targets(self, sample: Sample, rng: np.random.Generator) -> dict[str, Any]:
        """By name."""
        return {"length": sum(map(len, sample.streams.values()))}

    def __call__(self, sample: Sample, dataset: Any, rng: np.random.Generator) -> Any:
        """Another sample."""
        streams = {name: self.noisy(rows, rng) for name, rows in sample.streams.items()}
        return replace(sample, streams=streams, targets={**sample.targets, **self.targets(sample, rng)})


class Overlap:
    """Overlap: words of a prediction that its references have; Hits: the same over all words of all clips."""

    name = "overlap"
    version = "1"
    bounds = {"Overlap": (0.0, 1.0), "Hits": (0.0, 1.0)}  # noqa: RUF012

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
        """The words of each clip."""
        return {clip: {word for text in texts for word in text.split()} for clip, texts in references.items()}

    def of_clip(self, words: set[str], text: str) -> tuple[int, int]:
        """Words that hit, and words."""
        return sum(word in words for word in text.split()), len(text.split())

    def combine(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Of sums over clips."""
        return {"Hits": sums[:, 0] / np.maximum(sums[:, 1], 1)}

    def score(self, prepared: dict[str, set[str]], predictions: Mapping[str, str]) -> Values:
        """Of all clips, and of each."""
        counts = {clip: self.of_clip(prepared[clip], text) for clip, text in predictions.items()}
        clips = {clip: hits / max(1, words) for clip, (hits, words) in counts.items()}
        parts = np.array(list(counts.values()), dtype=float)
        corpus = {
            "Overlap": self.mean(list(clips.values())),
            "Hits": float(self.combine(parts.sum(0, keepdims=True))["Hits"][0]),
        }
        return Values(corpus, {"Overlap": clips}, Additive(parts, self.combine))

    def mean(self, values: Sequence[float]) -> float:
        """Over clips."""
        return sum(values) / len(values)


class WordList(Vocabulary):
    """Whole words."""


def config(**changes: Any) -> dict[str, Any]:
    """The sound head on cached streams, with a way from files."""
    head = {"type": "sound_parts:AttentiveGRU", "streams": {"image": 16}}
    extract = {"image": {"type": "sound_parts:Colours"}}
    clips = {"type": "sound_parts:Clips"}
    return tiny.config(
        **{"head": head, "extract": extract, "data": {"train": clips, "val": clips}, **changes}
    )


def filmed(**changes: Any) -> dict[str, Any]:
    """The same with its own encoder of frames, which trains."""
    films = {"type": "sound_parts:Films"}
    encoders = {"image": {"type": "sound_parts:Colours"}}
    return config(**{"data": {"train": films, "val": films}, "encoders": encoders, "extract": {}, **changes})


def eventful(**changes: Any) -> dict[str, Any]:
    """The same head with two events a clip."""
    head = {"type": "sound_parts:AttentiveGRU", "streams": {"image": 16}, "parts": 2}
    clips = {"type": "sound_parts:Clips", "events": 2}
    return config(**{"head": head, "data": {"train": clips, "val": clips}, **changes})


def told(**changes: Any) -> dict[str, Any]:
    """The same with an encoder of texts beside it."""
    return config(**{"encoders": {"text": {"type": "sound_parts:Words"}}, **changes})


def written(**changes: Any) -> dict[str, Any]:
    """A head that writes by itself."""
    return config(**{"head": {"type": "sound_parts:Slots", "streams": {"image": 16}}, **changes})


def of_frames(**changes: Any) -> dict[str, Any]:
    """A head that reads frames."""
    films = {"type": "sound_parts:Films"}
    head = {"type": "sound_parts:FramesRead"}
    return config(**{"data": {"train": films, "val": films}, "head": head, "extract": {}, **changes})


def with_head(made: dict[str, Any], head: type) -> dict[str, Any]:
    """A config with another head of the same arguments."""
    return {**made, "head": {**made["head"], "type": f"{head.__module__}:{head.__name__}"}}


def captions() -> Iterator[str]:
    """Training captions."""
    return Clips().captions()
