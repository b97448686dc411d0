"""Before a run: everything it needs that is not there, said at once and not one failure at a time."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from vidcap_core.config.files import Config, dotted
from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import UserError
from vidcap_core.zoo.registry import DATASETS, ENCODERS, HEADS, TOKENIZERS, Registry


def check(config: Config, splits: Iterable[str], tokenizer: bool = True) -> None:
    """Raise one UserError that names all that is missing for a run over these splits."""
    found: dict[Missing, list[str]] = {}
    for at, registry, spec in _components(config, splits, tokenizer):
        for one in _answers(registry, spec, "missing"):
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


def remarks(config: Config) -> Iterator[str]:
    """What is worth knowing of a config's encoders before they are built, with their places."""
    for section in ("encoders", "extract"):
        for name, spec in config.get(section, {}).items():
            at = (section, name)
            try:
                for remark in remarks_of(spec):
                    yield f"{dotted(at)}: {remark}"
            except UserError as error:
                raise config.error(at, str(error)) from error


def remarks_of(spec: dict[str, Any]) -> Iterator[str]:
    """Those of one encoder, which says them in a class method `remarks(**arguments)`."""
    yield from _answers(ENCODERS, spec, "remarks")


def _answers(registry: Registry, spec: dict[str, Any], question: str) -> Iterator[Any]:
    """What a component's class method of this name says of its arguments; nothing where it has none."""
    component = registry.load(spec["type"])
    if not hasattr(component, question):
        return
    parameters = inspect.signature(component).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    given = {key: value for key, value in spec.items() if key != "type"}
    yield from getattr(component, question)(**{**defaults, **given})


def _told(missing: Missing, places: list[str]) -> str:
    return (
        f"  {missing.what}  ({', '.join(places)})\n    looked for: {missing.looked}\n    try: {missing.fix}"
    )
