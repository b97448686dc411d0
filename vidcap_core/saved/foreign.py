"""What comes as data (a bundle, a run folder): its names and files are checked before anything is made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidcap_core.config.files import Config
from vidcap_core.config.recipe import CaptionerRecipe
from vidcap_core.config.validate import captioner_recipe
from vidcap_core.errors import CheckpointError
from vidcap_core.files.json_text import read_object
from vidcap_core.zoo import plugins, registry

SECTIONS = ("method", "tokenizer", "encoders", "extract", "head", "generate")
"""What captioning needs of a config; the rest (data, losses, phases) is never built from a stored one."""

UNREAD = "README.md"
"""A text for people and for a hub's page, which may be changed there: it has no hash, and nothing reads it."""

NAME = 200
"""Longest name of a listed file."""
KINDS = (".json", ".safetensors", ".yaml")
"""Files that can be in a bundle: none of them can hold code."""


@contextmanager
def building(of: Config) -> Iterator[CaptionerRecipe]:
    """The recipe of a stored config's captioning part, and for as long as it is built no table resolves a path to code.

    Both are needed. The walk over the config sees each `type` beforehand, also where a component resolves it later
    or in another thread. The tables see what no walk can know to be a name: a plain string among a component's
    arguments, or one in a tokenizer's state or an encoder's assets.
    """
    part = captioning_part(of)
    with registry.installed_only():
        yield captioner_recipe(part)


def captioning_part(of: Config) -> Config:
    """What captioning needs of a config that a stranger may have written; it can only name installed components.

    A path could lead to anything that is importable (`os:system`), and looking for one imports its parents.
    """
    part = {key: of[key] for key in SECTIONS if key in of}
    if "head" not in part:
        raise CheckpointError(f"{of.name} has no head")
    components: dict[str, Any] = {key: part[key] for key in ("head", "tokenizer") if key in part}
    for section in ("encoders", "extract"):
        if not isinstance(part.get(section, {}), dict):
            raise CheckpointError(f"{of.name} is damaged: {section} is no dict")
        components |= {f"{section}.{name}": spec for name, spec in part.get(section, {}).items()}
    for key, spec in components.items():
        if not isinstance(spec, dict) or "type" not in spec:
            raise CheckpointError(f"{of.name} is damaged: {key} is no dict(type=...)")
    for name in _types(part):
        _check_component(name, of.name)
    return Config(of.name, part)


def check_names(names: Iterable[str], index: str) -> None:
    """Refuse listed names that could mean another file than one in the bundle's own folder."""
    seen: dict[str, str] = {}
    for name in names:
        if len(name) > NAME or not name.isprintable():
            raise CheckpointError(f"{index} lists {name[:NAME]!a}, which is not the name of a file")
        if name != Path(name).name or any(sign in name for sign in "\\:\0") or name.startswith("."):
            raise CheckpointError(f"{index} lists '{name}', which is not the name of a file in its folder")
        if not name.endswith(KINDS):
            raise CheckpointError(f"{index} lists '{name}'; a bundle holds only {', '.join(KINDS)}")
        if (twin := seen.setdefault(name.lower(), name)) != name:
            raise CheckpointError(f"{index} lists '{twin}' and '{name}', which are one file on some systems")


def check_files(folder: Path, names: Iterable[str]) -> None:
    """Refuse a folder that holds anything but these files; a link among them could show a file from elsewhere."""
    listed = set(names)
    for name in sorted(os.listdir(folder)):
        if name not in listed and name != UNREAD:
            raise CheckpointError(
                f"{folder} holds '{name}', which its index does not list",
                hint=f"move {name} out of the folder, if you know where it came from",
            )
    for name in sorted(listed):
        if (folder / name).is_symlink():
            raise CheckpointError(f"{folder / name} is a link", hint="a copy of the file in its place")
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder} lacks the file {name}", hint="vidcap pull or vidcap export again"
            )


def read_dict(file: Path, hint: str) -> dict[str, Any]:
    """A JSON file that holds a dict, however odd it is."""
    try:
        return read_object(file)
    except ValueError as error:
        raise CheckpointError(f"{file} is missing or damaged: {error}", hint=hint) from error


def check_links(folder: Path) -> None:
    """Refuse links that lead out of a run: what lies there would be taken for a part of it, or written over."""
    inside = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise CheckpointError(
                f"{path} leads out of {folder}", hint="a copy of what it leads to in its place"
            )


def _check_component(name: object, source: str) -> None:
    owner, dot, _ = str(name).rpartition(".")
    if not isinstance(name, str) or ":" in name or (dot and owner not in plugins.discover()):
        raise CheckpointError(
            f"{source} asks for '{name}'; a bundle or a run may only name components of installed plugins",
            hint="install its plugin, or declare it in one (docs/plugins.md) and train or export again",
        )


def _types(node: object) -> Iterator[Any]:
    """Every value of a key `type`, however deep."""
    if isinstance(node, Mapping):
        if "type" in node:
            yield node["type"]
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _types(item)
