"""From a config to a recipe: every key is checked against what it is for, before anything is built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vidcap_core.config import schema, sources
from vidcap_core.config.files import Config, load_config
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
from vidcap_core.config.recipe import CaptionerRecipe, Decoding, LossTerm, Recipe, Scoring
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.errors import ConfigError
from vidcap_core.zoo.arguments import meant
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import ENCODERS, HEADS, LOSSES, METRICS, TOKENIZERS


def validate(config: Config) -> Recipe:
    """The recipe of a run; a ConfigError (or PluginError) at the first thing in a config that cannot work."""
    _check_sections(config, ("data", "head", "losses", "phases"))
    if "train" not in config["data"]:
        raise config.error(("data",), "has no 'train'", hint="data = dict(train=dict(type=...), val=...)")
    data = {split: dataset(config, ("data", split)) for split in config["data"]}
    losses = {name: _loss(config, name) for name in config["losses"]}
    parts = _captioner_parts(config)
    runtime = settings(config, ("runtime",), config.get("runtime", {}), schema.Runtime)
    phases = phases_of(config, data["train"], runtime)
    if not phases and not getattr(parts["head"].target, "comes_trained", False):
        raise config.error(("phases",), "a run needs at least one phase")
    recipe = Recipe(
        **parts,
        seed=config.get("seed", 0),
        data=data,
        losses=losses,
        phases=phases,
        scoring=_scoring(config),
        runtime=runtime,
        hooks=tuple(hook(config, ("hooks", i), given) for i, given in enumerate(config.get("hooks", []))),
        start=settings(config, ("start_from",), config["start_from"], schema.StartFrom)
        if "start_from" in config
        else None,
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
    head = component(config, ("head",), HEADS)
    return {
        "config": config,
        "method": config.get("method"),
        "encoders": {
            name: encoder(config, ("encoders", name), ENCODERS) for name in config.get("encoders", {})
        },
        "extract": {name: encoder(config, ("extract", name), ENCODERS) for name in config.get("extract", {})},
        "head": head,
        "tokenizer": component_of(
            config, ("tokenizer",), config.get("tokenizer") or {"type": "Vocabulary"}, TOKENIZERS
        ),
        "decoding": _decoding(config, head.target),
    }


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
    for key in config:
        if key not in schema.SECTIONS:
            raise config.error((key,), f"a config has no section '{key}'{meant(key, schema.SECTIONS)}")
    for key in required:
        if key not in config:
            raise config.error((), f"the section '{key}' ({schema.SECTIONS[key]}) is missing")
    for key, kind in schema.KINDS.items():
        if key in config and not isinstance(config[key], kind):
            raise config.error((key,), f"must be a {kind.__name__}, not {type(config[key]).__name__}")


def _loss(config: Config, name: str) -> LossTerm:
    made_by = component(config, ("losses", name), LOSSES, also=("scale",))
    return LossTerm(made_by, float(config["losses"][name].get("scale", 1.0)))


def _start(config: Config) -> schema.StartFrom | None:
    given = config.get("start_from")
    return settings(config, ("start_from",), given, schema.StartFrom) if given is not None else None


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
