"""From a checked config to its parts: datasets, tokenizer, captioner."""

from __future__ import annotations

import inspect
from typing import Any

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config
from vidcap_core.decoding.settings import GenerateSettings
from vidcap_core.zoo.registry import DATASETS, ENCODERS, HEADS, LOSSES, TOKENIZERS, Registry


def component(registry: Registry, spec: dict[str, Any], **injected: Any) -> Any:
    """Build `dict(type=..., ...)`; injected arguments go to components that ask for them by name."""
    made_by = registry.load(spec["type"])
    wanted = inspect.signature(made_by).parameters
    extra = {key: value for key, value in injected.items() if key in wanted}
    return made_by(**{key: value for key, value in spec.items() if key != "type"}, **extra)


def dataset(config: Config, split: str, **changes: Any) -> Any:
    """The dataset of a split, with some of its keys changed (a phase's own data, the unit of a sample)."""
    return component(DATASETS, {**config["data"][split], **changes})


def tokenizer(config: Config, train: Any) -> Any:
    """The tokenizer, fitted on the training captions where it learns from them."""
    made = component(TOKENIZERS, config.get("tokenizer") or {"type": "Vocabulary"})
    if hasattr(made, "fit"):
        made.fit(train.captions())
    return made


def generate_settings(config: Config) -> tuple[GenerateSettings, dict[str, GenerateSettings]]:
    """The decode settings, and those for other kinds of view, which start from the plain ones."""
    plain = {key: value for key, value in config.get("generate", {}).items() if key != "kinds"}
    kinds = config.get("generate", {}).get("kinds", {})
    return GenerateSettings(**plain), {
        kind: GenerateSettings(**{**plain, **own}) for kind, own in kinds.items()
    }


def captioner(config: Config, tokenizer: Any, losses: bool = True) -> Captioner:
    """Encoders + head + losses; without the losses for a captioner that only captions."""
    settings, kinds = generate_settings(config)
    encoders = {name: component(ENCODERS, spec) for name, spec in config.get("encoders", {}).items()}
    parts = {}
    for name, spec in config["losses"].items() if losses else ():
        plain = {key: value for key, value in spec.items() if key != "scale"}
        parts[name] = component(LOSSES, plain, tokenizer=tokenizer)
    head = component(HEADS, config["head"], tokenizer=tokenizer)
    return Captioner(head, tokenizer, encoders, parts, settings, kinds)


def add_extractors(captioner: Captioner, config: Config) -> None:
    """The encoders that turn a raw file into the streams that training read from a cache."""
    for stream, spec in config.get("extract", {}).items():
        if stream not in captioner.encoders:
            captioner.encoders[stream] = component(ENCODERS, spec)
