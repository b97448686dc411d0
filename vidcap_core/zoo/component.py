"""A component as a config asks for it: what makes it, and with which arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vidcap_core.contracts.missing import Missing
from vidcap_core.zoo import progress_bars
from vidcap_core.zoo.arguments import names


@dataclass(frozen=True, slots=True)
class Component:
    """`dict(type=..., ...)` with its type looked up."""

    type: str
    target: Callable[..., Any]
    arguments: Mapping[str, Any]

    def build(self, **injected: Any) -> Any:
        """The component; it gets those of the injected arguments that it, or a class behind it, asks for by name."""
        with progress_bars.silenced():
            return self.target(**self.arguments, **self._wanted(injected))

    def build_from(self, assets: Mapping[str, Any], **injected: Any) -> Any:
        """The same of what it gave as its assets, through its class method `load_assets`."""
        made_by = self.target.load_assets  # type: ignore[attr-defined]
        with progress_bars.silenced():
            return made_by(assets, **self.arguments, **self._wanted(injected))

    def changed(self, **arguments: Any) -> Component:
        """The same with other values of some arguments."""
        return replace(self, arguments={**self.arguments, **arguments})

    def missing(self) -> Iterator[Missing]:
        """What it lacks on this machine: its class method `missing(**arguments)` says so."""
        yield from self._answers("missing")

    def remarks(self) -> Iterator[str]:
        """What is worth knowing of it before it is built: its class method `remarks(**arguments)` says so."""
        yield from self._answers("remarks")

    def _wanted(self, injected: Mapping[str, Any]) -> dict[str, Any]:
        known = names(self.target)
        return {key: value for key, value in injected.items() if key in known}

    def _answers(self, question: str) -> Iterator[Any]:
        """What the class method of this name says of the arguments; nothing where there is none."""
        if hasattr(self.target, question):
            known = inspect.signature(self.target).parameters.values()
            defaults = {each.name: each.default for each in known if each.default is not each.empty}
            yield from getattr(self.target, question)(**{**defaults, **self.arguments})
