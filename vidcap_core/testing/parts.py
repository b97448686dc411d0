"""A captioner as its config builds it, a batch of its training clips, and what checks do to them."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.streams import ClipStreams
from vidcap_core.config.recipe import Recipe
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import Batch, Named, Sample, Stream
from vidcap_core.engine.data import Collate
from vidcap_core.errors import UserError
from vidcap_core.zoo.component import Component

CLIPS = 8
NOISE = 100.0
"""How large garbage is."""
PADDING = 3
"""Masked rows that are put behind a stream."""
WORDS = 3
"""Least words of a text: a captioner that has learnt nothing might end every text at once."""


class Parts:
    """A captioner of a recipe, and batches of a few of its training clips."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        torch.manual_seed(0)
        self.dataset: Dataset = limited(recipe.data["train"]).build()
        self.tokenizer = build_tokenizer(recipe, self.dataset)
        self.captioner = self.built()

    def built(self) -> Captioner:
        """A captioner with weights of its own, which knows what it learns of the data before it is trained."""
        captioner = build_captioner(self.recipe, self.tokenizer, self.recipe.losses)
        for part in (*captioner.losses.values(), *captioner.encoders.values()):
            fit = getattr(part, "fit", None)
            if fit is not None:
                fit(self.dataset)
        return captioner

    def fresh(self) -> Captioner:
        """A copy whose changes nobody sees."""
        return copy.deepcopy(self.captioner)

    def batch(self, size: int = 4, ragged: bool = True) -> Batch:
        """The first samples, one a clip, without a random choice; ragged: some captions lose their last words."""
        seen, samples = set(), []
        for index in range(len(self.dataset)):
            sample = self.dataset.get(index, np.random.default_rng(index))
            if sample.clip.id not in seen:
                seen.add(sample.clip.id)
                samples.append(_cut(sample, len(seen) % 3) if ragged else sample)
            if len(samples) == size:
                break
        batch = Collate(self.tokenizer, prepare=self.captioner.prepare)(samples)
        return replace(batch, progress=0.5)

    def streams_of(self, sample: Sample) -> Mapping[str, Stream]:
        """The streams of one clip, without padding: those it brings, and those that the encoders make."""
        captioner = self.captioner.eval()
        batch = Collate(self.tokenizer, prepare=captioner.prepare)([sample])
        return ClipStreams(captioner.streams(batch), 0)

    @cached_property
    def gives_tokens(self) -> bool:
        """Whether the head gives the output `tokens`."""
        batch = self.batch(2)
        try:
            with torch.no_grad():
                return "tokens" in self.captioner.head(
                    self.captioner.streams(batch), batch, frozenset({"tokens"})
                )
        except UserError:
            return False


def _cut(sample: Sample, words: int) -> Sample:
    """A sample whose caption has fewer words, but one at least."""
    if sample.text is None:
        return sample
    kept = sample.text.split()
    return replace(sample, text=" ".join(kept[: max(1, len(kept) - words)]))


def limited(component: Component, clips: int = CLIPS) -> Component:
    """A data set of a few clips, where it can be limited."""
    known = inspect.signature(component.target).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    return component.changed(limit=clips) if "limit" in known or open_ended else component


def objective(captioner: Captioner, batch: Batch, names: Sequence[str], recipe: Recipe) -> Tensor:
    """sum_i scale_i * sum_i / weight_i, as the engine adds the losses of one batch."""
    parts = captioner(batch, names)
    scaled = (recipe.losses[n].scale * s / w.clamp_min(1e-9) for n, (s, w) in parts.items())
    return sum(scaled, start=torch.zeros(()))


def token_logits(captioner: Captioner, batch: Batch) -> Named:
    """The words' logits [R, L, V] of a batch, with the head's own mask: L need not be the tokens'."""
    return captioner.head(captioner.streams(batch), batch, frozenset({"tokens"}))["tokens"]  # type: ignore[no-any-return]


def distance(a: Named, b: Named) -> float:
    """How far log-probabilities lie apart at most, at the positions that both have and no mask leaves out."""
    length = min(a.value.shape[1], b.value.shape[1])
    far = (a.value[:, :length].log_softmax(-1) - b.value[:, :length].log_softmax(-1)).abs().amax(-1)
    for mask in (a.mask, b.mask):
        if mask is not None:
            far = far.masked_fill(~mask[:, :length].bool(), 0.0)
    return float(far.max()) if far.numel() else 0.0


def talkative(captioner: Captioner, words: int = WORDS) -> Captioner:
    """The same captioner, made to say something, where its head heeds that."""
    if not must_say(captioner):
        return captioner

    def changed(settings: GenerateSettings) -> GenerateSettings:
        return replace(settings, min_length=min(words, settings.max_length - 1))

    captioner.settings = changed(captioner.settings)
    captioner.kinds = {kind: changed(settings) for kind, settings in captioner.kinds.items()}
    return captioner


def only(batch: Batch, index: int) -> Batch:
    """One clip of a batch, without the others' padding."""

    def cut(stream: Stream) -> Stream:
        rows = (slice(index, index + 1), slice(0, int(stream.mask[index].sum().clamp_min(1))))
        return Stream(
            stream.values[rows], stream.mask[rows], None if stream.times is None else stream.times[rows]
        )

    def pick(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: pick(item) for name, item in value.items()}
        return value[index : index + 1]

    words = slice(0, int(batch.token_mask[index].sum())) if batch.token_mask is not None else slice(None)
    return replace(
        batch,
        clips=pick(batch.clips),
        streams={name: cut(s) for name, s in batch.streams.items()},
        inputs={name: cut(s) for name, s in batch.inputs.items()},
        texts=pick(batch.texts) if batch.texts is not None else None,
        tokens=pick(batch.tokens)[:, words] if batch.tokens is not None else None,
        token_mask=pick(batch.token_mask)[:, words] if batch.token_mask is not None else None,
        targets=pick(batch.targets),
        events=pick(batch.events) if batch.events is not None else None,
        prepared=pick(batch.prepared),
    )


def padded(stream: Stream, rows: int = PADDING) -> Stream:
    """A stream with masked rows behind it, and garbage in all that is masked."""
    shape = (len(stream.values), rows, *stream.values.shape[2:])
    values = torch.cat([stream.values, stream.values.new_zeros(shape)], 1)
    mask = torch.cat([stream.mask, stream.mask.new_zeros(shape[:2])], 1)
    times = None
    if stream.times is not None:
        times = torch.cat([stream.times, stream.times.new_zeros(shape[:2])], 1)
    return garbled(Stream(values, mask, times))


def garbled(stream: Stream) -> Stream:
    """A stream with garbage in its masked rows."""
    real = stream.mask.reshape(*stream.mask.shape, *[1] * (stream.values.dim() - 2))
    return replace(stream, values=torch.where(real, stream.values, garbage(stream.values)))


def garbage(like: Tensor) -> Tensor:
    """Values that have nothing to do with anything."""
    chance = torch.Generator().manual_seed(1)
    if like.dtype == torch.uint8:
        return torch.randint(0, 256, like.shape, generator=chance, dtype=torch.uint8)
    return NOISE * torch.randn(like.shape, generator=chance, dtype=torch.float32).to(like.dtype)


def must_say(captioner: Captioner) -> bool:
    """Whether a text has to have `min_length` words: a head that writes by itself may not heed that."""
    heeded = captioner.head.decodes
    return heeded is None or "min_length" in heeded


def without_dropout(captioner: Captioner) -> None:
    """Switch off what makes learning by heart slow."""
    for module in captioner.modules():
        if isinstance(module, torch.nn.modules.dropout._DropoutNd):
            module.p = 0.0


def quiet(function: Callable[..., Any], *arguments: Any, seed: int = 0, **named: Any) -> Any:
    """What a call gives without gradients, from the same random state each time."""
    torch.manual_seed(seed)
    with torch.no_grad():
        return function(*arguments, **named)
