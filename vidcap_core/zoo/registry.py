"""Lazy tables of components: a name leads to a string, and the string is imported at first use."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from vidcap_core.errors import PluginError
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.hookspecs import KINDS
from vidcap_core.zoo.plugins import Plugin, broken, broken_error, discover

_INSTALLED_ONLY: ContextVar[bool] = ContextVar("installed_only", default=False)


@contextmanager
def installed_only() -> Iterator[None]:
    """Meanwhile every table knows only what installed plugins declare, and no path to anything else."""
    token = _INSTALLED_ONLY.set(True)
    try:
        yield
    finally:
        _INSTALLED_ONLY.reset(token)


@dataclass(frozen=True, slots=True)
class Entry:
    """Who offers a component, under which name, and where it lies (`package.module:Attribute`)."""

    plugin: str
    name: str
    target: str

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous."""
        return f"{self.plugin}.{self.name}"


class Registry:
    """One kind of component. `plugin.Name` always works; a bare `Name` is the core's, or its only plugin's."""

    def __init__(
        self, kind: str, noun: str, installed: Callable[[], Mapping[str, Plugin]] = discover
    ) -> None:
        self.kind = kind
        self.noun = noun
        self._installed = installed
        self._plugins: Mapping[str, Plugin] = {}
        self._table: dict[str, list[Entry]] = {}

    @property
    def _entries(self) -> dict[str, list[Entry]]:
        """By bare name, who offers it; made anew after each discovery."""
        if (plugins := self._installed()) is not self._plugins:
            self._plugins, self._table = plugins, {}
            for plugin in plugins.values():
                for name, target in plugin.components.get(self.kind, {}).items():
                    self._table.setdefault(name, []).append(Entry(plugin.name, name, target))
        return self._table

    def __iter__(self) -> Iterator[Entry]:
        for name in sorted(self._entries):
            yield from self._entries[name]

    def names(self) -> list[str]:
        """Every name that can be typed: bare where it leads to the entry, else `plugin.Name`."""
        return [entry.name if self._behind(entry.name) == [entry] else entry.full_name for entry in self]

    def find(self, name: str) -> Entry:
        """The entry behind a name; outside of `installed_only` a path to anything importable is an entry too."""
        plugin, _, bare = name.rpartition(".")
        offers = (
            [e for e in self._entries.get(bare, []) if e.plugin == plugin] if plugin else self._behind(bare)
        )
        if len(offers) == 1:
            return offers[0]
        if offers:
            choices = " or ".join(f"'{entry.full_name}'" for entry in offers)
            raise PluginError(f"{self.noun} '{name}' is offered by several plugins", hint=f"type={choices}")
        if not _INSTALLED_ONLY.get() and (":" in name or (plugin and _importable(plugin))):
            return Entry("", name, name if ":" in name else f"{plugin}:{bare}")
        raise self._unknown(name, plugin)

    def _behind(self, bare: str) -> list[Entry]:
        """Who may be meant by a bare name: no plugin takes one of the core's away."""
        offers = self._entries.get(bare, [])
        return [entry for entry in offers if entry.plugin == "core"] or offers

    def load(self, name: str) -> Any:
        """The component itself, imported now."""
        entry = self.find(name)
        module, _, attribute = entry.target.partition(":")
        owner = f"plugin '{entry.plugin}'" if entry.plugin else "the config"
        try:
            return getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            raise PluginError(
                f"{self.noun} '{name}' of {owner} cannot be imported from {entry.target}: {error}",
                hint="vidcap doctor",
            ) from error
        except AttributeError as error:
            raise PluginError(f"{self.noun} '{name}' of {owner}: {module} has no '{attribute}'") from error

    def component(self, spec: Mapping[str, Any]) -> Component:
        """What `dict(type=..., ...)` asks for."""
        given = {key: value for key, value in spec.items() if key != "type"}
        return Component(spec["type"], self.load(spec["type"]), given)

    def _unknown(self, name: str, plugin: str) -> PluginError:
        for culprit in broken(plugin) if plugin else ():
            return broken_error(culprit)
        known = self.names()
        offered = {each.lower(): each for each in [*known, *(entry.full_name for entry in self)]}
        close = difflib.get_close_matches(name.lower(), offered, n=1, cutoff=0.6)
        suggestion = (
            f"; did you mean '{offered[close[0]]}'?" if close else f"; known: {', '.join(known) or 'none'}"
        )
        if suspects := broken():
            suggestion += (
                f" (not counting broken plugins: {', '.join(p.name for p in suspects)}; see: vidcap plugins)"
            )
        return PluginError(f"no {self.noun} is named '{name}'{suggestion}", hint=f"vidcap list {self.kind}")


def _importable(path: str) -> bool:
    """Whether a dotted path names an importable module; a failing parent counts as no."""
    try:
        return importlib.util.find_spec(path) is not None
    except (ImportError, ValueError):
        return False


REGISTRIES: dict[str, Registry] = {kind: Registry(kind, noun) for kind, noun in KINDS.items()}
ENCODERS, HEADS, LOSSES = REGISTRIES["encoders"], REGISTRIES["heads"], REGISTRIES["losses"]
DATASETS, METRICS, TOKENIZERS = REGISTRIES["datasets"], REGISTRIES["metrics"], REGISTRIES["tokenizers"]
TRANSFORMS = REGISTRIES["transforms"]


def component_of(kind: str, spec: Mapping[str, Any]) -> Component:
    """What `dict(type=..., ...)` asks for, of a kind (`encoders`, `datasets`, ...)."""
    return REGISTRIES[kind].component(spec)


def build_component(kind: str, spec: Mapping[str, Any], **injected: Any) -> Any:
    """The same, built."""
    return component_of(kind, spec).build(**injected)
