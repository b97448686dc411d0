"""Parts of a config, typed: components, settings, hooks. An error names the file, the key and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from vidcap_core.config.files import Config
from vidcap_core.config.mistakes import Gathered
from vidcap_core.config.paths import KeyPath
from vidcap_core.config.recipe import Hook
from vidcap_core.contracts.dataset import is_stream
from vidcap_core.errors import ConfigError, PluginError
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.video.sampling import check_sampling
from vidcap_core.zoo.arguments import problems
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import DATASETS, TRANSFORMS, Registry

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


def dataset(config: Config, path: KeyPath) -> Component:
    """The data set at a path; its frames and its transforms are checked too."""
    made = component(config, path, DATASETS)
    gathered = Gathered(config.name)
    for check in (check_frames, check_transforms):
        with gathered.of_a_part():
            check(config, path, made.arguments)
    gathered.refuse()
    refuse_stream(config, path, made.type, made.target)
    return made


def refuse_stream(config: Config, path: KeyPath, name: str, given: object) -> None:
    """Refuse a data set, or a class of them, whose samples come in a stream, where clips are scored one by one."""
    if path[-1] != "train" and is_stream(given):
        raise config.error(
            path,
            f"{name} is a stream of samples: it can be trained on, and not scored",
            hint="a data set that lists its clips, such as dict(type='Jsonl', path='val.jsonl')",
        )


def check_transforms(config: Config, path: KeyPath, arguments: Mapping[str, Any]) -> None:
    """Refuse transforms of a data set that could not be made."""
    path, given = (*path, "transforms"), arguments.get("transforms") or ()
    if not isinstance(given, (list, tuple)):
        raise config.error(path, "must be a list of dict(type=..., ...)", hint="vidcap list transforms")
    gathered = Gathered(config.name)
    for index, node in enumerate(given):
        with gathered.of_a_part():
            component_of(config, (*path, index), node, TRANSFORMS)
    gathered.refuse()


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
    gathered = Gathered(config.name)
    for where, what in problems(given, callee, name, filled=INJECTED):
        with gathered.of_a_part():
            raise config.error((*path, *where), what)
    gathered.refuse()


def check_frames(config: Config, path: KeyPath, given: Mapping[str, Any]) -> None:
    """Refuse `frames` of a data set that no clip could be read by."""
    if isinstance(frames := given.get("frames"), dict):
        settings(config, (*path, "frames"), frames, FrameOptions)


def encoder(config: Config, path: KeyPath, registry: Registry) -> Component:
    """The encoder at a path; where it takes a `sampling`, one that chooses moments."""
    made_by = component(config, path, registry)
    if isinstance(sampling := made_by.arguments.get("sampling"), dict):
        try:
            check_sampling(sampling)
        except ConfigError as error:
            raise config.wrap((*path, "sampling"), error) from error
    return made_by


def _at(config: Config, path: KeyPath) -> Any:
    node: Any = config.data
    for part in path:
        node = node[part]
    return node
