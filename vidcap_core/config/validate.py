"""From a config to a recipe: every key is checked against what it is for, before anything is built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vidcap_core.config import schema, sources
from vidcap_core.config.files import Config, load_config
from vidcap_core.config.mistakes import Gathered
from vidcap_core.config.parse import (
    check_arguments,
    component,
    component_of,
    dataset,
    encoder,
    hook,
    settings,
)
from vidcap_core.config.paths import KeyPath
from vidcap_core.config.phases import phases_of
from vidcap_core.config.recipe import CaptionerRecipe, Decoding, LossTerm, Phase, Recipe, Scoring
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.errors import ConfigError
from vidcap_core.zoo.arguments import meant
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import ENCODERS, HEADS, LOSSES, METRICS, TOKENIZERS

REQUIRED = ("data", "head", "losses", "phases")


def validate(config: Config) -> Recipe:
    """The recipe of a run; one error with all that cannot work in a config."""
    gathered = Gathered(config.name)
    with gathered.of_a_part():
        _check_sections(config, REQUIRED)
    if not _can_be_read(config):
        gathered.refuse()
    data: dict[str, Component] = {}
    losses: dict[str, LossTerm] = {}
    parts: dict[str, Any] = {}
    runtime, scoring, hooks = schema.Runtime(), None, []
    if "train" not in config["data"]:
        with gathered.of_a_part():
            raise config.error(("data",), "has no 'train'", hint="data = dict(train=dict(type=...), val=...)")
    for split in config["data"]:
        with gathered.of_a_part():
            data[split] = dataset(config, ("data", split))
    for name in config["losses"]:
        with gathered.of_a_part():
            losses[name] = _loss(config, name)
    with gathered.of_a_part():
        parts = _captioner_parts(config)
    with gathered.of_a_part():
        runtime = settings(config, ("runtime",), config.get("runtime", {}), schema.Runtime)
    phases: tuple[Phase, ...] = ()
    with gathered.of_a_part():
        phases = phases_of(config, data.get("train"), runtime)
    with gathered.of_a_part():
        scoring = _scoring(config)
    start: schema.StartFrom | None = None
    if "start_from" in config:
        with gathered.of_a_part():
            start = settings(config, ("start_from",), config["start_from"], schema.StartFrom)
    for index, given in enumerate(config.get("hooks", [])):
        with gathered.of_a_part():
            hooks.append(hook(config, ("hooks", index), given))
    gathered.refuse()
    assert scoring is not None
    if not phases and not getattr(parts["head"].target, "comes_trained", False):
        raise config.error(("phases",), "a run needs at least one phase")
    recipe = Recipe(
        **parts,
        seed=config.get("seed", 0),
        data=data,
        losses=losses,
        phases=phases,
        scoring=scoring,
        runtime=runtime,
        hooks=tuple(hooks),
        start=start,
    )
    _check_extract(recipe)
    return recipe


def load_recipe(name: str, changes: Iterable[str] = ()) -> Recipe:
    """The recipe of a config by path or `plugin/name`, with changes as `--set` has them."""
    return validate(load_config(name, changes))


def captioner_recipe(config: Config) -> CaptionerRecipe:
    """The recipe of a captioner alone; other sections are not looked at."""
    _check_sections(config, ("head",))
    return CaptionerRecipe(**_captioner_parts(config))


def _captioner_parts(config: Config) -> dict[str, Any]:
    gathered = Gathered(config.name)
    parts: dict[str, Any] = {"config": config, "method": config.get("method"), "encoders": {}, "extract": {}}
    with gathered.of_a_part():
        parts["head"] = component(config, ("head",), HEADS)
    for section in ("encoders", "extract"):
        for name in config.get(section, {}):
            with gathered.of_a_part():
                parts[section][name] = encoder(config, (section, name), ENCODERS)
    with gathered.of_a_part():
        node = config.get("tokenizer") or {"type": "Vocabulary"}
        parts["tokenizer"] = component_of(config, ("tokenizer",), node, TOKENIZERS)
    with gathered.of_a_part():
        parts["decoding"] = _decoding(config, parts["head"].target if "head" in parts else None)
    gathered.refuse()
    return parts


def _check_extract(recipe: Recipe) -> None:
    """Refuse to make of files a stream that nobody reads, while one that is read lacks its encoder.

    One that is merely left over, as in a row of an ablation that reads fewer streams, does no harm.
    """
    read, made_of = sources.read_streams(recipe), sources.made_of(recipe) if recipe.extract else {}
    for name in sources.unread(recipe, read, made_of):
        if lacking := sources.unmade(read or (), made_of):
            raise recipe.config.error(
                ("extract", name),
                f"the head reads no stream '{name}', and none is made of it{meant(name, lacking.values())}",
            )


def _check_sections(config: Config, required: Iterable[str]) -> None:
    gathered = Gathered(config.name)
    for key in config:
        if key not in schema.SECTIONS:
            with gathered.of_a_part():
                raise config.error((key,), f"a config has no section '{key}'{meant(key, schema.SECTIONS)}")
    for key in required:
        if key not in config:
            with gathered.of_a_part():
                raise config.error((), f"the section '{key}' ({schema.SECTIONS[key]}) is missing")
    for key, kind in schema.KINDS.items():
        if not _is_right(config, key):
            with gathered.of_a_part():
                raise config.error((key,), f"must be a {kind.__name__}, not {type(config[key]).__name__}")
    gathered.refuse()


def _can_be_read(config: Config) -> bool:
    """Whether the sections are there, and of their kinds, so that what they hold can be looked at."""
    return all(key in config for key in REQUIRED) and all(_is_right(config, key) for key in schema.KINDS)


def _is_right(config: Config, key: str) -> bool:
    """Whether a section that is there is of the kind that it must be."""
    return key not in config or key not in schema.KINDS or isinstance(config[key], schema.KINDS[key])


def _loss(config: Config, name: str) -> LossTerm:
    made_by = component(config, ("losses", name), LOSSES, also=("scale",))
    return LossTerm(made_by, float(config["losses"][name].get("scale", 1.0)))


def _decoding(config: Config, head: object) -> Decoding:
    node = config.get("generate", {})
    if not isinstance(node, dict):
        raise config.error(("generate",), f"must be a dict, not {type(node).__name__}")
    plain = {key: value for key, value in node.items() if key != "kinds"}
    kinds = node.get("kinds", {})
    if not isinstance(kinds, dict):
        raise config.error(
            ("generate", "kinds"), f"must be a dict of settings by kind of view, not {type(kinds).__name__}"
        )
    made: dict[str, GenerateSettings] = {}
    for kind, own in kinds.items():
        path: KeyPath = ("generate", "kinds", kind)
        check_arguments(config, path, own, GenerateSettings, "GenerateSettings")
        made[kind] = settings(config, path, {**plain, **own}, GenerateSettings)
    usual = settings(config, ("generate",), plain, GenerateSettings)
    for path, one in (
        (("generate",), usual),
        *((("generate", "kinds", kind), own) for kind, own in made.items()),
    ):
        try:
            one.refuse_beyond(getattr(head, "decodes", None), getattr(head, "__name__", str(head)))
        except ConfigError as error:
            raise config.wrap(path, error) from error
    return Decoding(usual, made, plain.get("max_length"))


def _scoring(config: Config) -> Scoring:
    evaluate = settings(config, ("evaluate",), config.get("evaluate", {}), schema.Evaluate)
    if evaluate.split not in config["data"]:  # every run is scored at its end
        there = ", ".join(config["data"])
        raise config.error(("evaluate", "split"), f"data has no '{evaluate.split}'; it has {there}")
    return Scoring(evaluate, tuple(_metrics(config, evaluate)))


def _metrics(config: Config, evaluate: schema.Evaluate) -> Iterable[Component]:
    for index, metric in enumerate(evaluate.metrics):
        path: KeyPath = ("evaluate", "metrics", index)
        yield component_of(config, path, metric if isinstance(metric, dict) else {"type": metric}, METRICS)
