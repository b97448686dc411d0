"""Where components are used: which of the configs that are installed name each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vidcap_core.config import schema
from vidcap_core.config.files import expand_names, load_config
from vidcap_core.config.parse import INJECTED
from vidcap_core.errors import UserError
from vidcap_core.zoo.arguments import described
from vidcap_core.zoo.hookspecs import KINDS
from vidcap_core.zoo.registry import Entry

SECTIONS = {
    "encoders": ("encoders", "extract"),
    "heads": ("head",),
    "losses": ("losses",),
    "datasets": ("data",),
    "tokenizers": ("tokenizer",),
    "metrics": ("evaluate",),
    "transforms": ("data", "phases"),
}
"""Sections in which the components of a kind stand; transforms stand inside of `data`."""


def used_in(kind: str, entry: Entry) -> list[str]:
    """The installed configs that name a component; a config that cannot be read names none."""
    names = {entry.name, entry.full_name}
    used = []
    for name in expand_names(()):
        try:
            config = load_config(name)
        except UserError:
            continue
        whole = {"evaluate": {}, "tokenizer": {"type": "Vocabulary"}, **config.data}
        whole["evaluate"] = {"metrics": schema.Evaluate().metrics, **whole["evaluate"]}
        sections = [whole.get(section) for section in SECTIONS[kind]]
        transform = kind == "transforms"
        if names & {found for node in sections for found in _named(node, kind == "metrics", transform)}:
            used.append(name)
    return used


def _named(node: object, metrics: bool, inside: bool) -> Iterator[str]:
    """Names of types in a section; of metrics also where they stand alone in a list."""
    if isinstance(node, Mapping):
        if isinstance(node.get("type"), str):
            yield node["type"]
        for key, value in node.items():
            if inside or not metrics or key == "metrics":
                yield from _named(value, metrics, inside)
    elif isinstance(node, list):
        for value in node:
            yield from [value] if metrics and isinstance(value, str) else _named(value, metrics, inside)


def as_data(kind: str, entry: Entry, target: Callable[..., Any]) -> dict[str, Any]:
    """What there is to know of a component."""
    return {
        "name": entry.name,
        "kind": KINDS[kind],
        "plugin": entry.plugin,
        "where": entry.target,
        "about": inspect.getdoc(target) or "",
        "arguments": described(target, INJECTED),
        "used": used_in(kind, entry),
    }
