"""What is installed, as rows: components, configs, models and plugins. Nothing heavy is imported."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from vidcap_core.errors import in_a_line
from vidcap_core.zoo.plugins import Plugin, discover
from vidcap_core.zoo.registry import REGISTRIES

Row = dict[str, str]
_DEFAULT = re.compile(r"""^default: *["']?([\w.-]+)""", re.MULTILINE)
"""A card's line that names a model; to import YAML would make `vidcap list` half as slow again."""


def rows(kind: str) -> list[Row]:
    """The rows of one kind: a component kind, `configs` or `models` (the default model first)."""
    if kind == "configs":
        return [row for plugin in _working() for row in _configs(plugin)]
    if kind == "models":
        first = default_models()
        made = [row for plugin in _working() for row in _models(plugin)]
        return sorted(made, key=lambda row: row["name"] not in first)
    registry = REGISTRIES[kind]
    names = dict(zip((entry.full_name for entry in registry), registry.names(), strict=True))
    return [{"name": names[e.full_name], "plugin": e.plugin, "where": e.target} for e in registry]


def plugin_rows() -> list[Row]:
    """Every plugin with its version, what it provides, and why it is broken."""
    return [
        {
            "plugin": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "provides": _provides(plugin),
            "state": "works" if plugin.reason is None else f"BROKEN: {plugin.reason}",
        }
        for plugin in discover().values()
    ]


def default_models() -> list[str]:
    """Models that caption when nobody names one: the card of a plugin that ships bundles names one of them."""
    names = []
    for plugin in _working():
        bundles = plugin.bundles()
        text = _text(plugin.card) if plugin.card and bundles else ""
        if chosen := _DEFAULT.search(text):
            names += [name for name, folder in bundles.items() if folder.name == chosen[1]]
    return names


def _working() -> list[Plugin]:
    return [plugin for plugin in discover().values() if plugin.reason is None]


def _provides(plugin: Plugin) -> str:
    counts = {kind: len(names) for kind, names in plugin.components.items() if names}
    counts["configs"] = len(plugin.config_names())
    counts["commands"] = len(plugin.commands)
    return ", ".join(
        f"{n} {kind if n > 1 else REGISTRIES[kind].noun if kind in REGISTRIES else kind[:-1]}"
        for kind, n in counts.items()
        if n
    )


def _configs(plugin: Plugin) -> list[Row]:
    folder = plugin.configs
    names = plugin.config_names()
    return (
        [{"name": f"{plugin.name}/{n}", "what": _first_line(folder / f"{n}.py")} for n in names]
        if folder
        else []
    )


def _models(plugin: Plugin) -> list[Row]:
    """A model is a bundle that a plugin ships."""
    distribution = f"{plugin.distribution} {plugin.version}"
    return [
        {"name": name, "distribution": distribution, "bundle": str(folder)}
        for name, folder in plugin.bundles().items()
    ]


def _first_line(path: Path) -> str:
    """The first line of a config's docstring, read and not run."""
    try:
        return (ast.get_docstring(ast.parse(path.read_bytes())) or "").split("\n")[0]
    except (SyntaxError, OSError, ValueError, RecursionError, MemoryError) as error:
        return f"cannot be read: {in_a_line(error)}"


def _text(path: Path) -> str:
    """A file's text; nothing where it cannot be read, which whoever needs it will say."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
