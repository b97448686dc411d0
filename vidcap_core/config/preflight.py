"""Before a run: everything it needs that is not there, said at once and not one failure at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from vidcap_core.config import sources
from vidcap_core.config.recipe import CaptionerRecipe, Recipe
from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import UserError
from vidcap_core.zoo.component import Component


def check(recipe: Recipe, splits: Iterable[str], tokenizer: bool = True) -> None:
    """Raise one UserError that names all that is missing for a run over these splits."""
    grouped: dict[Missing, list[str]] = {}
    for at, component in _components(recipe, splits, tokenizer):
        for missing in component.missing():
            here = replace(missing, fix=missing.fix.replace("{at}", at))
            grouped.setdefault(here, []).append(at)
    if grouped:
        lines = [_told(missing, keys) for missing, keys in grouped.items()]
        raise UserError("\n".join([f"{recipe.name} cannot run here yet; what is missing:", *lines]))


def _components(recipe: Recipe, splits: Iterable[str], tokenizer: bool) -> Iterator[tuple[str, Component]]:
    """Where each component that a run needs stands in the config."""
    for split in dict.fromkeys(splits):
        if split in recipe.data:
            yield f"data.{split}", recipe.data[split]
    for name, encoder in recipe.encoders.items():
        yield f"encoders.{name}", encoder
    if tokenizer:
        yield "tokenizer", recipe.tokenizer
    yield "head", recipe.head


def remarks(recipe: CaptionerRecipe) -> Iterator[str]:
    """What is worth knowing of a config's encoders before they are built, with their places."""
    for section, encoders in (("encoders", recipe.encoders), ("extract", recipe.extract)):
        for name, encoder in encoders.items():
            try:
                for remark in encoder.remarks():
                    yield f"{section}.{name}: {remark}"
            except UserError as error:
                raise recipe.config.wrap((section, name), error) from error


def notes(recipe: CaptionerRecipe) -> Iterator[str]:
    """What a run of a config will not be good for, or does for nothing, though it is a legitimate run."""
    read, made_of = sources.read_streams(recipe), sources.made_of(recipe)
    for name in sources.unread(recipe, read, made_of):
        yield f"note: extract.{name}: the head reads no stream '{name}', so captioning files makes it for nothing"
    if read and (unmade := sources.unmade(read, made_of)):
        yield (
            f"note: a bundle of this run cannot caption files: no `extract` for {sources.named(unmade)}\n"
            f"  try: {sources.how_to_make(unmade)}"
        )


def _told(missing: Missing, keys: list[str]) -> str:
    return f"  {missing.what}  ({', '.join(keys)})\n    looked for: {missing.looked}\n    try: {missing.fix}"
