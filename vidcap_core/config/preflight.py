"""Before a run: everything it needs that is not there, said at once and not one failure at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from vidcap_core.config import sources
from vidcap_core.config.recipe import CaptionerRecipe, Recipe
from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import UserError
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import TRANSFORMS


def check(recipe: Recipe, splits: Iterable[str], tokenizer: bool = True, head: bool = True) -> None:
    """Raise one UserError that names all that is missing for a run over these splits."""
    _check(recipe, _components(recipe, splits, tokenizer, head), "run")


def check_stored(
    recipe: CaptionerRecipe, head: bool, extractors: bool = True, settable: Collection[str] = ()
) -> None:
    """The same of a captioner that a run or a bundle holds; head=False where it holds what the head is built of.

    settable: the keys of its config that may be set, which say where frozen weights lie.
    """
    parts = {f"encoders.{name}": encoder for name, encoder in recipe.encoders.items()}
    if extractors:
        others = {name: encoder for name, encoder in recipe.extract.items() if name not in recipe.encoders}
        parts |= {f"extract.{name}": encoder for name, encoder in others.items()}
    parts |= {"head": recipe.head} if head else {}
    _check(recipe, parts.items(), "caption", lambda at, fix: _stored_fix(at, fix, settable))


def check_extraction(recipe: CaptionerRecipe, parts: Iterable[tuple[str, Component]]) -> None:
    """The same for making features: `parts` are the data and encoders that it takes, with their keys."""
    _check(recipe, parts, "extract")


def lacking(recipe: Recipe) -> Iterator[str]:
    """What is missing for a run of a config that trains, each with where it stands, in a line."""
    splits = ("train", recipe.scoring.settings.split)
    for missing, keys in _missing(_components(recipe, splits, tokenizer=True, head=True)).items():
        yield f"{missing.what} ({', '.join(keys)})"


def _check(
    recipe: CaptionerRecipe,
    components: Iterable[tuple[str, Component]],
    task: str,
    fixed: Callable[[str, str], str] = lambda at, fix: fix,
) -> None:
    if grouped := _missing(components, fixed):
        lines = [_told(missing, keys) for missing, keys in grouped.items()]
        first = f"{recipe.name} cannot {task} here yet; what is missing:"
        raise UserError("\n".join([first, *lines]))


def _missing(
    components: Iterable[tuple[str, Component]], fixed: Callable[[str, str], str] = lambda at, fix: fix
) -> dict[Missing, list[str]]:
    """What is missing, and where each of it is asked for; the same thing asked for twice is mended by both fixes."""
    grouped: dict[tuple[str, str], tuple[dict[str, None], list[str]]] = {}
    for at, component in components:
        for missing in component.missing():
            fixes, keys = grouped.setdefault((missing.what, missing.looked), ({}, []))
            fixes[fixed(at, missing.fix.replace("{at}", at))] = None
            keys.append(at)
    return {Missing(*what, " ".join(fixes)): keys for what, (fixes, keys) in grouped.items()}


def _stored_fix(at: str, fix: str, settable: Collection[str]) -> str:
    """What to do about a part of a stored config, which takes `--set` only where that is safe."""
    if keys := [key for key in settable if key.rpartition(".")[0] == at]:
        option = "" if "--set" in fix else f", or --set {keys[0]}=FOLDER"
        return f"{fix}{option}\n    wherever it lies is safe: its hash is compared, and other weights are refused"
    before = fix.partition("--set")[0]
    return fix if before == fix else f"{before}put it there: the config is stored, and takes no --set"


def _components(
    recipe: Recipe, splits: Iterable[str], tokenizer: bool, head: bool
) -> Iterator[tuple[str, Component]]:
    """Where each component that a run needs stands in the config."""
    for split in dict.fromkeys(splits):
        if split in recipe.data:
            yield f"data.{split}", recipe.data[split]
            for index, spec in enumerate(recipe.data[split].arguments.get("transforms") or ()):
                yield f"data.{split}.transforms.{index}", TRANSFORMS.component(spec)
    for name, encoder in recipe.encoders.items():
        yield f"encoders.{name}", encoder
    if tokenizer:
        yield "tokenizer", recipe.tokenizer
    if head:
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
