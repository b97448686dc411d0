"""The components of a plugin, each as its configs build it: the toy config first."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vidcap_core.config.files import Config, load_config
from vidcap_core.config.parse import INJECTED
from vidcap_core.config.recipe import Recipe
from vidcap_core.config.validate import validate
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Skipped
from vidcap_core.zoo import plugins, registry
from vidcap_core.zoo.component import Component

FIRST = "toy"
NEEDED = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


@dataclass(frozen=True)
class Use:
    """A component where a config names it."""

    component: Component
    config: Config
    node: Mapping[str, Any]

    @cached_property
    def recipe(self) -> Recipe:
        """Of the config."""
        return validate(self.config)


class Declared:
    """What a plugin declares, and where its configs use it."""

    def __init__(self, name: str) -> None:
        self.plugin = plugins.get(name)
        names = self.plugin.config_names()
        self.names = [*(n for n in names if n == FIRST), *(n for n in names if n != FIRST)]

    @cached_property
    def configs(self) -> list[Config]:
        """All that can be read, the toy config first."""
        read = []
        for name in self.names:
            try:
                read.append(load_config(f"{self.plugin.name}/{name}"))
            except UserError:
                continue  # the check of configs says so
        return read

    def use(self, kind: str, name: str) -> Use:
        """The first use of a component of which all is there; a component without arguments needs none."""
        target = registry.REGISTRIES[kind].find(f"{self.plugin.name}.{name}").target
        lacking = ""
        for config in self.configs:
            for node in _specs(config.data):
                if not _means(kind, node["type"], target):
                    continue
                component = registry.REGISTRIES[kind].component(
                    {k: v for k, v in node.items() if k != "scale"}
                )
                missing = next(iter(component.missing()), None)
                if missing is None:
                    return Use(component, config, node)
                lacking = f"{config.name} needs the {missing.what}, which is not here ({missing.looked})"
        component = registry.REGISTRIES[kind].component({"type": f"{self.plugin.name}.{name}"})
        if not _required(component):
            return Use(component, self.configs[0] if self.configs else Config("none", {}), {})
        raise Skipped(
            lacking or f"no config of the plugin builds it, and it needs {', '.join(_required(component))}"
        )


def _specs(node: object) -> Iterator[Mapping[str, Any]]:
    """Every `dict(type=...)` in a config."""
    if isinstance(node, Mapping):
        if isinstance(node.get("type"), str):
            yield node
        for value in node.values():
            yield from _specs(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _specs(value)


def _means(kind: str, written: str, target: str) -> bool:
    try:
        return registry.REGISTRIES[kind].find(written).target == target
    except UserError:
        return False


def _required(component: Component) -> list[str]:
    parameters = inspect.signature(component.target).parameters.values()
    return [
        p.name for p in parameters if p.kind in NEEDED and p.default is p.empty and p.name not in INJECTED
    ]
