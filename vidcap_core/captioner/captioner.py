"""The captioner: encoders + head + losses, the one thing that is trained, saved, loaded and run."""

from __future__ import annotations

import copy
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn

from vidcap_core.captioner.panels import shown_panels
from vidcap_core.contracts.encoder import DerivedEncoder, Encoder
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.panels import Panel
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Event, Prediction, Stream, View
from vidcap_core.decoding.generate import generate
from vidcap_core.decoding.hypotheses import Generated, Hyp
from vidcap_core.decoding.settings import GenerateSettings
from vidcap_core.errors import ConfigError, UserError


class Streams(Mapping[str, Stream]):
    """The streams of a batch: cached ones as they are, others encoded when they are first asked for."""

    def __init__(self, batch: Batch, encoders: nn.ModuleDict) -> None:
        self._batch = batch
        self._encoders = encoders
        self._ready = dict(batch.streams)

    def __getitem__(self, name: str) -> Stream:
        if name not in self._ready:
            if name not in self._encoders:
                raise KeyError(name)
            self._ready[name] = self._encode(name, cast(Encoder, self._encoders[name]))
        return self._ready[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._ready, **dict.fromkeys(self._encoders)})

    def __len__(self) -> int:
        return len(set(self._ready) | set(self._encoders))

    def present(self, index: int) -> list[str]:
        """Names of the streams that were used and had something of one clip."""
        return sorted(name for name, stream in self._ready.items() if bool(stream.mask[index].any()))

    def _encode(self, name: str, encoder: Encoder) -> Stream:
        if encoder.reads == "text":
            if self._batch.texts is None:
                raise UserError("a text encoder was asked for, but this batch has no captions")
            return encoder(self._batch.texts)  # type: ignore[no-any-return]
        if encoder.reads == "streams":
            clips, derived = enumerate(self._batch.clips), cast(DerivedEncoder, encoder)
            return stack([derived.derive(ClipStreams(self, i, without=name), clip.id) for i, clip in clips])
        raw = self._batch.inputs.get(name) or self._batch.inputs.get(encoder.reads)
        if raw is None:
            raise UserError(
                f"{type(encoder).__name__} reads {encoder.reads}, which this batch lacks",
                hint=f"data.*.{encoder.reads} in the config, or a cached stream under the encoder's name",
            )
        frozen = not any(p.requires_grad for p in encoder.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            return encoder(raw.values, raw.mask)  # type: ignore[no-any-return]


class ClipStreams(Mapping[str, Stream]):
    """One clip's rows of a batch's streams, without padding, for an encoder that derives a stream from others."""

    def __init__(self, streams: Streams, index: int, without: str) -> None:
        self._streams, self._index, self._without = streams, index, without

    def __getitem__(self, name: str) -> Stream:
        if name == self._without:  # a stream is not made of itself
            raise KeyError(name)
        stream = self._streams[name]
        keep = stream.mask[self._index]
        return Stream(stream.values[self._index][keep], keep[keep])

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._streams if name != self._without)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class _Said:
    """One event, its words with their log-probabilities, and the texts it was preferred to."""

    event: Event
    words: dict[str, Any]
    others: list[str]


class Captioner(nn.Module):
    """Composes the parts; `forward` gives losses as (sum, weight), `predict` gives events."""

    def __init__(
        self,
        head: Head,
        tokenizer: Tokenizer,
        encoders: Mapping[str, nn.Module] | None = None,
        losses: Mapping[str, nn.Module] | None = None,
        generate: GenerateSettings | None = None,
        kinds: Mapping[str, GenerateSettings] | None = None,
    ) -> None:
        super().__init__()
        self.head = head
        self.encoders = nn.ModuleDict(dict(encoders or {}))
        self.losses = nn.ModuleDict(dict(losses or {}))
        self.tokenizer = tokenizer
        self.settings = generate or GenerateSettings()
        self.kinds = dict(kinds or {})

    @property
    def device(self) -> torch.device:
        """Where the parameters are, or else the buffers; without either, the CPU."""
        held = next(chain(self.parameters(), self.buffers()), None)
        return torch.device("cpu") if held is None else held.device

    def variant(
        self, *, tokenizer: Tokenizer | None = None, settings: GenerateSettings | None = None
    ) -> Captioner:
        """The same parts, weights shared, with another tokenizer or another way to decode; this one stays."""
        other = copy.copy(self)
        other.tokenizer = tokenizer or self.tokenizer
        other.settings = settings or self.settings
        return other

    def streams(self, batch: Batch) -> Streams:
        """The batch's streams, encoded as they are asked for."""
        return Streams(batch, self.encoders)

    def forward(self, batch: Batch, losses: Sequence[str]) -> dict[str, tuple[Tensor, Tensor]]:
        """The named losses of a batch as (sum, weight), through one forward pass of the head.

        loss = sum_i scale_i * sum_i / weight_i; the engine adds the weights of all processes and of all
        accumulated batches before it divides.
        """
        streams = self.streams(batch)
        chosen = [self.losses[name] for name in losses]
        sampled = {name for name in losses if getattr(self.losses[name], "samples", False)}
        want: frozenset[str] = frozenset(name for loss in chosen for name in loss.reads)  # type: ignore[union-attr]
        result: dict[str, tuple[Tensor, Tensor]] = {}
        output = self.head(streams, batch, want) if want else None
        for name, loss in zip(losses, chosen, strict=True):
            if name in sampled:
                total, weight = loss(self, streams, batch)
            else:
                total, weight = loss(output, batch)
            result[name] = (total, torch.as_tensor(weight, dtype=torch.float32, device=total.device))
        return result

    def decode(self, view: View, batch: Batch) -> Generated:
        """Generate for a view, with the settings of its kind; chance depends on the clip, not on the batch."""
        settings = self.kinds.get(view.kind, self.settings)
        keys = [batch.clips[index].id for index in view.clips]
        bos, eos = self.tokenizer.bos_id, self.tokenizer.eos_id
        return generate(self.head, view, settings, bos=bos, eos=eos, keys=keys, banned=self.banned(settings))

    def banned(self, settings: GenerateSettings) -> list[int]:
        """Ids that these settings never write; a tokenizer without an unknown word has `unknown_id` None."""
        banned = [self.tokenizer.token_id(token) for token in settings.banned]
        unknown = getattr(self.tokenizer, "unknown_id", None)  # optional in the contract of a tokenizer
        return banned if settings.unknown or unknown is None else [*banned, unknown]

    @torch.no_grad()
    def predict(self, batch: Batch, panels: bool = False) -> list[Prediction]:
        """What the captioner says of each clip, as events in order of time."""
        streams = self.streams(batch)
        captions: list[list[_Said]] = [[] for _ in batch.clips]

        def ids(view: View) -> list[list[tuple[list[int], float]]]:
            return [[(hyp.tokens, hyp.score) for hyp in row] for row in self.decode(view, batch).rows]

        for view in self.head.plan(streams, batch, ids):
            for row, texts in enumerate(self.decode(view, batch).rows):
                index = view.clips[row]
                captions[index].append(self._say(texts, view.spans[row] or batch.clips[index].span))
        for clip_captions in captions:
            clip_captions.sort(key=lambda caption: (caption.event.start, caption.event.end))
        events = [[caption.event for caption in clip_captions] for clip_captions in captions]
        shown: list[list[Panel]] = [[] for _ in batch.clips]
        failed: dict[str, str] = {}
        if panels:
            shown, failed = shown_panels(self.head, len(batch), streams, batch, events)
        predictions = []
        for index, clip in enumerate(batch.clips):
            extras = {
                "words": [caption.words for caption in captions[index]],
                "streams": streams.present(index),
                "panels": shown[index],
                **failed,
            }
            if any(caption.others for caption in captions[index]):
                extras["n_best"] = [caption.others for caption in captions[index]]
            predictions.append(Prediction(clip, tuple(events[index]), extras))
        return predictions

    def _say(self, texts: Sequence[Hyp], span: tuple[float, float]) -> _Said:
        """The best text as an event, with its words and the texts it was preferred to."""
        best, *others = texts
        decode = self.tokenizer.decode
        words = {"tokens": [decode([token]) for token in best.tokens], "log_probs": list(best.log_probs)}
        return _Said(
            Event(*span, decode(best.tokens), best.score), words, [decode(hyp.tokens) for hyp in others]
        )

    def parts(self, patterns: Sequence[str]) -> set[str]:
        """Names of the parameters that a list of parts (`head`, `encoders.video`, `*.bias`) covers.

        A part may be there without one: a switch of its head turned it off.
        """
        names = [name for name, _ in self.named_parameters()]
        empty = {name for name, part in self.named_modules() if next(part.parameters(), None) is None}
        covered: set[str] = set()
        for pattern in patterns:
            hits = {
                n
                for n in names
                if n == pattern or n.startswith(pattern + ".") or fnmatch.fnmatchcase(n, pattern)
            }
            if not hits and pattern not in empty:
                tops = sorted({".".join(n.split(".")[:2]) for n in names})
                raise ConfigError(f"no parameter belongs to the part '{pattern}'; parts: {', '.join(tops)}")
            covered |= hits
        return covered

    def choose_training(self, train: Sequence[str] | None, freeze: Sequence[str] = ()) -> set[str]:
        """Let the named parts train and freeze the rest; returns the names of what trains."""
        chosen = self.parts(train) if train is not None else {n for n, _ in self.named_parameters()}
        chosen -= self.parts(freeze)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name in chosen)
        return chosen

    def train(self, mode: bool = True) -> Captioner:
        """Training mode for what trains; parts without a training parameter stay in eval mode."""
        super().train(mode)
        if mode:
            for part in (*self.encoders.values(), *self.head.children()):
                parameters = list(part.parameters())
                if parameters and not any(p.requires_grad for p in parameters):
                    part.eval()
        return self


def stack(streams: Sequence[Stream]) -> Stream:
    """Streams of single clips ([T, D]) side by side, padded to the longest."""
    values = nn.utils.rnn.pad_sequence([s.values for s in streams], batch_first=True)
    mask = nn.utils.rnn.pad_sequence([s.mask for s in streams], batch_first=True)
    return Stream(values, mask)
