"""A config with all that it leaves to defaults, and where each value comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from vidcap_core.config import schema
from vidcap_core.config.files import Config
from vidcap_core.config.optimizers import USUAL_RATE, find
from vidcap_core.config.parse import INJECTED
from vidcap_core.config.paths import KeyPath, dotted
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.zoo.arguments import NEEDED, described
from vidcap_core.zoo.registry import DATASETS, ENCODERS, HEADS, LOSSES, TOKENIZERS, Registry

COMPONENTS: dict[str, Registry] = {
    "data": DATASETS,
    "encoders": ENCODERS,
    "extract": ENCODERS,
    "losses": LOSSES,
}
SETTINGS: dict[str, type[Any]] = {
    "generate": GenerateSettings,
    "schedule": schema.Schedule,
    "evaluate": schema.Evaluate,
    "runtime": schema.Runtime,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """A key of a config, its value, and who said it."""

    key: str
    value: Any
    origin: str


def values(config: Config) -> list[Value]:
    """Every key that counts, in the order of the sections; of a config that is valid."""
    made: list[Value] = []
    for section in schema.SECTIONS:
        node: Any = config.get(section)
        if section in COMPONENTS:
            for name, each in (node or {}).items():
                made += _component(config, (section, name), each, COMPONENTS[section])
        elif section in SETTINGS:
            made += _settings(config, (section,), node or {}, SETTINGS[section])
        elif section == "phases":
            for name, each in node.items():
                made += _settings(config, ("phases", name), each, schema.Phase)
        elif section == "head":
            made += _component(config, ("head",), node, HEADS)
        elif section == "tokenizer":
            made += _component(config, ("tokenizer",), node or {"type": "Vocabulary"}, TOKENIZERS)
        elif section == "optimizer":
            made += _optimizer(config, node or {})
        elif node is not None:
            made += _said(config, (section,), node)
        elif section == "seed":
            made.append(Value("seed", 0, "default"))
    return made


def _said(config: Config, path: KeyPath, node: object) -> Iterator[Value]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _said(config, (*path, key), value)
    else:
        yield Value(dotted(path), node, config.origin(path))


def _component(config: Config, path: KeyPath, node: dict[str, Any], registry: Registry) -> Iterator[Value]:
    yield from _said(config, path, node)
    yield from _defaults(path, node, registry.load(node["type"]), node["type"])
    if registry is LOSSES and "scale" not in node:
        yield Value(dotted((*path, "scale")), 1.0, "default")


def _settings(config: Config, path: KeyPath, node: dict[str, Any], spec: type[Any]) -> Iterator[Value]:
    yield from _said(config, path, node) if node else ()
    for field in dataclasses.fields(spec):
        if field.name not in node:
            made = field.default_factory
            value = field.default if made is dataclasses.MISSING else made()
            yield Value(dotted((*path, field.name)), value, "default")


def _optimizer(config: Config, node: dict[str, Any]) -> Iterator[Value]:
    given = {"type": "AdamW", "lr": USUAL_RATE, **node}
    yield from _said(config, ("optimizer",), node) if node else ()
    for key in given.keys() - node.keys():
        yield Value(f"optimizer.{key}", given[key], "default")
    target = find(str(given["type"]))
    if target is not None:
        yield from _defaults(("optimizer",), given, target, str(given["type"]))


def _defaults(path: KeyPath, node: dict[str, Any], target: Callable[..., Any], name: str) -> Iterator[Value]:
    for row in described(target, INJECTED):
        if row["argument"] not in node and row["default"] != NEEDED:
            yield Value(dotted((*path, row["argument"])), row["value"], f"default of {name}")
