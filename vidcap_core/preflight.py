"""Before a run: everything it needs that is not there, said at once and not one failure at a time."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from vidcap_core.config import Config, dotted
from vidcap_core.errors import UserError
from vidcap_core.registry import DATASETS, ENCODERS, HEADS, TOKENIZERS, Registry


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there. A component says so in a class method `missing(**arguments)`."""

    what: str  # for example: video encoder 'facebook/timesformer-base-finetuned-k400'
    looked: str  # where it was looked for
    fix: str  # what to run, or what to put where; {at} stands for the component's place in the config


def check(config: Config, splits: Iterable[str], tokenizer: bool = True) -> None:
    """Raise one UserError that names all that is missing for a run over these splits."""
    found: dict[Missing, list[str]] = {}
    for at, registry, spec in _components(config, splits, tokenizer):
        for one in _missing(registry, spec):
            said = replace(one, fix=one.fix.replace("{at}", at))
            found.setdefault(said, []).append(at)
    if found:
        told = [_told(missing, places) for missing, places in found.items()]
        raise UserError("\n".join([f"{config.name} cannot run here yet; what is missing:", *told]))


def _components(
    config: Config, splits: Iterable[str], tokenizer: bool
) -> Iterator[tuple[str, Registry, dict[str, Any]]]:
    for split in dict.fromkeys(splits):
        if split in config["data"]:
            yield dotted(("data", split)), DATASETS, config["data"][split]
    for name, spec in config.get("encoders", {}).items():
        yield dotted(("encoders", name)), ENCODERS, spec
    if tokenizer and "tokenizer" in config:
        yield "tokenizer", TOKENIZERS, config["tokenizer"]
    yield "head", HEADS, config["head"]


def _missing(registry: Registry, spec: dict[str, Any]) -> Iterator[Missing]:
    component = registry.load(spec["type"])
    if not hasattr(component, "missing"):
        return
    known = inspect.signature(component).parameters.values()
    defaults = {one.name: one.default for one in known if one.default is not one.empty}
    yield from component.missing(
        **{**defaults, **{key: value for key, value in spec.items() if key != "type"}}
    )


def _told(missing: Missing, places: list[str]) -> str:
    return (
        f"  {missing.what}  ({', '.join(places)})\n    looked for: {missing.looked}\n    try: {missing.fix}"
    )
