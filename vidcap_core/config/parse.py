"""Parts of a config, typed: components, settings, hooks. An error names the file, the key and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from vidcap_core.config.files import Config, KeyPath
from vidcap_core.config.recipe import Hook
from vidcap_core.errors import ConfigError, PluginError
from vidcap_core.zoo.arguments import problems
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import Registry

INJECTED = frozenset({"tokenizer"})
"""Arguments that the captioner fills in, so no config says them."""

Settings = TypeVar("Settings")


def component(config: Config, path: KeyPath, registry: Registry, also: Iterable[str] = ()) -> Component:
    """The component at a path; `also`: keys there that are not its own."""
    return component_of(config, path, _at(config, path), registry, also)


def component_of(
    config: Config, path: KeyPath, node: object, registry: Registry, also: Iterable[str] = ()
) -> Component:
    """The component of `dict(type=..., ...)`."""
    if not isinstance(node, dict) or "type" not in node:
        raise config.error(
            path, f"must be dict(type=..., ...): a {registry.noun}", hint=f"vidcap list {registry.kind}"
        )
    try:
        target = registry.load(node["type"])
    except PluginError as error:
        raise config.wrap((*path, "type"), error) from error
    given = {key: value for key, value in node.items() if key not in ("type", *also)}
    check_arguments(config, path, given, target, node["type"])
    return Component(node["type"], target, given)


def settings(config: Config, path: KeyPath, given: Any, spec: type[Settings]) -> Settings:
    """One of the dataclasses of settings, whose values must make sense together too."""
    check_arguments(config, path, given, spec, spec.__name__)
    try:
        return spec(**given)
    except ConfigError as error:
        raise config.wrap(path, error) from error


def hook(config: Config, path: KeyPath, given: object) -> Hook:
    """A hook of mmengine; the engine looks it up, since only it imports mmengine."""
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise config.error(path, "must be dict(type=..., ...): a hook of mmengine, or module:Class")
    arguments = {key: value for key, value in given.items() if key not in ("type", "priority")}
    return Hook(given["type"], arguments, given.get("priority"))


def check_arguments(
    config: Config, path: KeyPath, given: object, callee: Callable[..., Any], name: str
) -> None:
    """Refuse arguments that a call would not take."""
    for where, what in problems(given, callee, name, filled=INJECTED):
        raise config.error((*path, *where), what)


def _at(config: Config, path: KeyPath) -> Any:
    node: Any = config.data
    for part in path:
        node = node[part]
    return node
