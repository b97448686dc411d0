"""The captioner: encoders + head + losses, the one thing that is trained, saved, loaded and run."""

from __future__ import annotations

import copy
import fnmatch
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn

from vidcap_core.captioner.events import PROBLEM, Written, events_of, problems_of, text_of
from vidcap_core.captioner.panels import shown_panels
from vidcap_core.captioner.prepare import Prepare
from vidcap_core.captioner.prompt import prompted
from vidcap_core.captioner.streams import Streams
from vidcap_core.captioner.writer import CaptionWriter
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head, Output
from vidcap_core.contracts.hypotheses import Hyp, Rows
from vidcap_core.contracts.loss import Loss
from vidcap_core.contracts.panels import Panel
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Prediction, View
from vidcap_core.contracts.write_settings import Heard
from vidcap_core.decoding.generate import generate
from vidcap_core.errors import ConfigError

Listener = Callable[[int, tuple[float, float], str], None]
"""Hears what is being written: the index of a clip, the span in seconds of the file, and its text so far."""


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
        self.born_frozen = frozenset(name for name, p in self.named_parameters() if not p.requires_grad)

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

    @property
    def prepare(self) -> Prepare:
        """What its parts want done to raw inputs where those are read."""
        return Prepare(dict(self.encoders.items()), self.head)

    def forward(self, batch: Batch, losses: Sequence[str]) -> dict[str, tuple[Tensor, Tensor]]:
        """The named losses of a batch as (sum, weight), through one forward pass of the head.

        loss = sum_i scale_i * sum_i / weight_i; the engine adds the weights of all processes and of all
        accumulated batches before it divides.
        """
        streams = self.streams(batch)
        chosen = [cast(Loss, self.losses[name]) for name in losses]
        want = frozenset(name for loss in chosen for name in loss.reads)
        result: dict[str, tuple[Tensor, Tensor]] = {}
        output: Output = self.head(streams, batch, want) if want else Output()
        output.writer = self._writer(batch, streams)
        for name, loss in zip(losses, chosen, strict=True):
            total, weight = loss(output, batch)
            if isinstance(weight, Tensor):
                count = weight.to(total.device, torch.float32)
            else:  # filling costs nothing, while the host would wait for a number that is copied
                count = total.new_full((), float(weight), dtype=torch.float32)
            result[name] = (total, count)
        return result

    def _writer(self, batch: Batch, streams: Streams) -> CaptionWriter:
        """Has texts written and scored for the losses, by chance that is torch's own."""
        trains = any(p.requires_grad for p in self.encoders.parameters())
        return CaptionWriter(
            captioner=self,
            head=self.head,
            tokenizer=self.tokenizer,
            settings=self.settings,
            generate=lambda view, settings: self.write(view, batch, settings, torch.default_generator),
            batch=batch,
            streams=streams,
            unlearnt=self.streams(batch) if trains else streams,
        )

    def write(
        self,
        view: View,
        batch: Batch,
        settings: GenerateSettings | None = None,
        generator: torch.Generator | None = None,
        heard: Heard | None = None,
    ) -> Rows:
        """The texts of a view, as the settings of its kind say, or others.

        Chance depends on the clip, not on the batch; or comes from a generator.
        """
        settings = settings or self.kinds.get(view.kind, self.settings)
        if settings.prompt is not None and view.prompt is None and self.head.takes_prompt:
            view = prompted(view, settings.prompt, self.tokenizer, self.device)
        return generate(
            self.head,
            view,
            settings,
            bos=self.tokenizer.bos_id,
            eos=self.tokenizer.eos_id,
            keys=[batch.clips[index].id for index in view.clips],
            generator=generator,
            banned=self.banned(settings),
            heard=heard,
        )

    def banned(self, settings: GenerateSettings) -> list[int]:
        """Ids that these settings never write; a tokenizer without an unknown word has `unknown_id` None."""
        banned = [self.tokenizer.token_id(token) for token in settings.banned]
        unknown = self.tokenizer.unknown_id
        return banned if settings.unknown or unknown is None else [*banned, unknown]

    @torch.no_grad()
    def predict(
        self, batch: Batch, panels: bool = False, listener: Listener | None = None
    ) -> list[Prediction]:
        """What the captioner says of each clip, as events in order of time.

        listener: hears texts as they are written; of what a head writes in order to plan it hears nothing.
        """
        streams = Streams(batch, self.encoders, panels)
        written: list[list[Written]] = [[] for _ in batch.clips]
        problems: dict[int, str] = {}
        views = self.head.plan(streams, batch, lambda view: self.write(view, batch))
        for view in views:
            rows = self.write(view, batch, heard=self._heard(listener, view, batch))
            problems = {**problems_of(view, rows), **problems}
            settings = self.kinds.get(view.kind, self.settings)
            for index, event in events_of(self.head, view, rows, batch, self.tokenizer, settings.sentence):
                written[index].append(event)
        for of_clip in written:
            of_clip.sort(key=lambda each: (each.event.start, each.event.end))
        events = [[each.event for each in of_clip] for of_clip in written]
        shown: list[list[Panel]] = [[] for _ in batch.clips]
        failed: dict[str, str] = {}
        if panels:
            shown, failed = shown_panels(self.head, len(batch), views, streams, batch, events)
        predictions = []
        for index, clip in enumerate(batch.clips):
            extras = {
                "words": [each.words for each in written[index]],
                "streams": streams.present(index),
                "panels": shown[index],
                **failed,
                **({PROBLEM: problems[index]} if index in problems else {}),
            }
            if any(each.others for each in written[index]):
                extras["n_best"] = [each.others for each in written[index]]
            predictions.append(Prediction(clip, tuple(events[index]), extras))
        return predictions

    def _heard(self, listener: Listener | None, view: View, batch: Batch) -> Heard | None:
        """Words of a row as a text of its clip and span."""
        if listener is None:
            return None

        def heard(row: int, text: Hyp) -> None:
            index = view.clips[row]
            words = text_of(text, self.tokenizer).rstrip(
                "\ufffd"
            )  # the beginning of a sign of several tokens
            listener(index, view.spans[row] or batch.clips[index].span, words)

        return heard

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
                inside = [n for n in names if fnmatch.fnmatchcase(n, f"*{pattern}*")]
                raise ConfigError(
                    f"no parameter belongs to the part '{pattern}'; parts: {', '.join(tops)}",
                    hint=f"'*{pattern}*': {inside[0]}, ... ({len(inside)} in all)" if inside else None,
                )
            covered |= hits
        return covered

    def trained(self, train: Sequence[str] | None, freeze: Sequence[str] = ()) -> set[str]:
        """Names of what trains: the named parts, or everything.

        What an author froze when it was built stays so inside a larger part; where it is named by itself it trains.
        """
        if train is None:
            chosen = {name for name, _ in self.named_parameters()} - self.born_frozen
        else:
            parts = [self.parts([pattern]) for pattern in train]
            chosen = {name for part in parts for name in (part - self.born_frozen or part)}
        return chosen - self.parts(freeze)

    def choose_training(self, train: Sequence[str] | None, freeze: Sequence[str] = ()) -> set[str]:
        """Let the named parts train and freeze the rest; returns the names of what trains."""
        chosen = self.trained(train, freeze)
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
