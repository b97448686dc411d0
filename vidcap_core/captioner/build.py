"""From a checked config to its parts: datasets, tokenizer, captioner."""

from __future__ import annotations

from typing import Any

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config
from vidcap_core.decoding.settings import GenerateSettings
from vidcap_core.zoo.registry import DATASETS, ENCODERS, HEADS, LOSSES, TOKENIZERS


def dataset(config: Config, split: str, **changes: Any) -> Any:
    """The dataset of a split, with some of its keys changed (a phase's own data, the unit of a sample)."""
    return DATASETS.build({**config["data"][split], **changes})


def tokenizer(config: Config, train: Any) -> Any:
    """The tokenizer, fitted on the training captions where it learns from them."""
    made = TOKENIZERS.build(config.get("tokenizer") or {"type": "Vocabulary"})
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
    encoders = {name: ENCODERS.build(spec) for name, spec in config.get("encoders", {}).items()}
    parts = {}
    for name, spec in config["losses"].items() if losses else ():
        plain = {key: value for key, value in spec.items() if key != "scale"}
        parts[name] = LOSSES.build(plain, tokenizer=tokenizer)
    head = HEADS.build(config["head"], tokenizer=tokenizer)
    return Captioner(head, tokenizer, encoders, parts, settings, kinds)


def add_extractors(captioner: Captioner, config: Config) -> None:
    """The encoders that turn a raw file into the streams that training read from a cache."""
    for stream, spec in config.get("extract", {}).items():
        if stream not in captioner.encoders:
            captioner.encoders[stream] = ENCODERS.build(spec)
