"""A checked config, typed: all that a run or a captioner is built from. `validate` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidcap_core.config.files import Config
from vidcap_core.config.schema import Evaluate, Runtime, Schedule, StartFrom
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.zoo.component import Component


@dataclass(frozen=True, slots=True)
class LossTerm:
    """A loss, and what it is multiplied by in the sum."""

    component: Component
    scale: float


@dataclass(frozen=True, slots=True)
class Optimizer:
    """torch's name of an optimiser (or mmengine's, or `module:Class`), and its arguments."""

    type: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """mmengine's name of a hook (or `module:Class`), its arguments, and when it is called among others."""

    type: str
    arguments: Mapping[str, Any]
    priority: str | int | None = None  # None: the hook's own


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that train at a rate or with a weight decay of their own."""

    parts: tuple[str, ...]
    lr_mult: float | None = None
    weight_decay: float | None = None


@dataclass(frozen=True, slots=True)
class Clipping:
    """How gradients are clipped: by their global norm, or value by value."""

    norm: float | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training, with what the config says once for all phases filled in."""

    name: str
    updates: tuple[tuple[str, ...], ...]  # the losses of each update of a batch
    epochs: int | None
    steps: int | None
    train: tuple[str, ...] | None
    freeze: tuple[str, ...]
    groups: tuple[Group, ...]
    data: Component
    cache: tuple[str, ...]
    batch: int
    accumulate: int
    optimizer: Optimizer
    keeps_optimizer: bool  # goes on with the optimiser of the phase before it
    schedule: Schedule
    clipping: Clipping | None
    best: bool
    start_from: str
    keep: str | None

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses of all updates."""
        return tuple(name for names in self.updates for name in names)


@dataclass(frozen=True, slots=True)
class Scoring:
    """When and how a run is scored: the settings, with the metrics looked up."""

    settings: Evaluate
    metrics: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How texts are found, and how those of other kinds of view."""

    settings: GenerateSettings
    kinds: Mapping[str, GenerateSettings]
    max_words: (
        int | None
    )  # where training texts are cut too: only where the config says `generate.max_length`


@dataclass(frozen=True, slots=True)
class CaptionerRecipe:
    """What captioning needs of a config."""

    config: Config
    method: str | None
    tokenizer: Component
    encoders: Mapping[str, Component]
    extract: Mapping[str, Component]
    head: Component
    decoding: Decoding

    @property
    def name(self) -> str:
        """The config's name."""
        return self.config.name


@dataclass(frozen=True, slots=True)
class Recipe(CaptionerRecipe):
    """What a run needs."""

    seed: int
    data: Mapping[str, Component]
    losses: Mapping[str, LossTerm]
    phases: tuple[Phase, ...]
    scoring: Scoring
    runtime: Runtime
    hooks: tuple[Hook, ...]
    start: StartFrom | None = None

    def scored_data(self, split: str) -> Component:
        """A split as clips, to caption each once: what "segment" draws at random is "uniform" here."""
        data = self.data[split]
        even = {
            key: {**options, "kind": "uniform"}
            for key in ("frames", "sample")
            if isinstance(options := data.arguments.get(key), Mapping) and options.get("kind") == "segment"
        }
        return data.changed(unit="clip", **even)
