"""Check every key of a config against the signature of the component it is for, before anything is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from vidcap_core.config import schema
from vidcap_core.config.files import Config, KeyPath
from vidcap_core.errors import ConfigError, PluginError
from vidcap_core.zoo.arguments import fits, meant, problems
from vidcap_core.zoo.registry import DATASETS, ENCODERS, HEADS, LOSSES, METRICS, TOKENIZERS, Registry

__all__ = ["fits", "validate"]

INJECTED = frozenset({"tokenizer"})
"""Arguments that the captioner fills in, so no config says them."""

SPECS: dict[str, type] = {"schedule": schema.Schedule, "evaluate": schema.Evaluate, "runtime": schema.Runtime}


def validate(config: Config) -> None:
    """Raise a ConfigError (or PluginError) at the first thing in a config that cannot work."""
    for key in config:
        if key not in schema.SECTIONS:
            raise config.error((key,), f"a config has no section '{key}'{meant(key, schema.SECTIONS)}")
    for required in ("data", "head", "losses", "phases"):
        if required not in config:
            raise config.error((), f"the section '{required}' ({schema.SECTIONS[required]}) is missing")
    for key, kind in {
        "data": dict,
        "encoders": dict,
        "extract": dict,
        "losses": dict,
        "phases": list,
        "seed": int,
        "method": str,
    }.items():
        if key in config and not isinstance(config[key], kind):
            raise config.error((key,), f"must be a {kind.__name__}, not {type(config[key]).__name__}")
    if "train" not in config["data"]:
        raise config.error(("data",), "has no 'train'", hint='data = dict(train=dict(type=...), val=...)')
    for split in config["data"]:
        _component(config, ("data", split), DATASETS)
    for section in ("encoders", "extract"):
        for name in config.get(section, {}):
            _component(config, (section, name), ENCODERS)
    for name in config["losses"]:
        _component(config, ("losses", name), LOSSES, also=("scale",))
    _component(config, ("head",), HEADS)
    if "tokenizer" in config:
        _component(config, ("tokenizer",), TOKENIZERS)
    for key, spec in SPECS.items():
        if key in config:
            _build(config, (key,), config[key], spec)
    _optimizer(config, ("optimizer",), config.get("optimizer", {}))
    _generate(config)
    _phases(config)
    _metrics(config)


def _build(config: Config, path: KeyPath, given: Any, spec: type) -> Any:
    """One of the schema's dataclasses, whose values must make sense too."""
    _arguments(config, path, given, spec, spec.__name__)
    try:
        return spec(**given)
    except ConfigError as error:
        raise config.error(path, str(error)) from error


def _component(config: Config, path: KeyPath, registry: Registry, also: Iterable[str] = ()) -> None:
    node = _at(config, path)
    if not isinstance(node, dict) or "type" not in node:
        raise config.error(
            path, f"must be dict(type=..., ...): a {registry.noun}", hint=f"vidcap list {registry.kind}"
        )
    try:
        component = registry.load(node["type"])
    except PluginError as error:
        raise config.error((*path, "type"), str(error)) from error
    given = {key: value for key, value in node.items() if key not in ("type", *also)}
    _arguments(config, path, given, component, node["type"])


def _arguments(config: Config, path: KeyPath, given: Any, callee: Callable[..., Any], name: str) -> None:
    for where, what in problems(given, callee, name, filled=INJECTED):
        raise config.error((*path, *where), what)


def _optimizer(config: Config, path: KeyPath, node: Any) -> None:
    if not isinstance(node, dict):
        raise config.error(path, "must be a dict: type, lr, ...")
    name = node.get("type", "AdamW")
    import torch  # heavy, but a misspelt optimiser must fail here and not after the data is read

    optimizer = getattr(torch.optim, name, None)
    if optimizer is None:
        if "." in name or ":" in name:
            return  # mmengine's registry or a dotted path: the engine resolves it
        known = [n for n in dir(torch.optim) if n[0].isupper() and n != "Optimizer"]
        raise config.error((*path, "type"), f"no optimiser is named '{name}'{meant(name, known)}")
    given = {key: value for key, value in node.items() if key != "type"}
    _arguments(config, path, {"params": [], **given}, optimizer, name)


def _generate(config: Config) -> None:
    from vidcap_core.decoding.settings import GenerateSettings

    node = config.get("generate", {})
    if not isinstance(node, dict):
        raise config.error(("generate",), f"must be a dict, not {type(node).__name__}")
    plain = {key: value for key, value in node.items() if key != "kinds"}
    _arguments(config, ("generate",), plain, GenerateSettings, "GenerateSettings")
    kinds = node.get("kinds", {})
    if not isinstance(kinds, dict):
        raise config.error(
            ("generate", "kinds"), f"must be a dict of settings by kind of view, not {type(kinds).__name__}"
        )
    for kind, settings in kinds.items():
        _arguments(config, ("generate", "kinds", kind), settings, GenerateSettings, "GenerateSettings")
    places: dict[KeyPath, dict[str, Any]] = {("generate",): {}}
    places |= {("generate", "kinds", kind): settings for kind, settings in kinds.items()}
    for path, settings in places.items():
        try:
            GenerateSettings(**{**plain, **settings})
        except ConfigError as error:  # values that do not go together
            raise config.error(path, str(error)) from error


def _phases(config: Config) -> None:
    if not config["phases"] and not HEADS.load(config["head"]["type"]).comes_trained:
        raise config.error(("phases",), "a run needs at least one phase")
    kept = {"last", "best"}
    for index, node in enumerate(config["phases"]):
        path: KeyPath = ("phases", index)
        phase = _build(config, path, node, schema.Phase)
        if (phase.epochs is None) == (phase.steps is None):
            raise config.error(path, f"phase '{phase.name}' must say either epochs or steps")
        if bool(phase.losses) == bool(phase.updates):
            raise config.error(path, f"phase '{phase.name}' must say either losses or updates")
        for loss in [name for update in phase.updates or [phase.losses] for name in update]:
            if loss not in config["losses"]:
                raise config.error(
                    (*path, "losses"), f"there is no loss '{loss}'{meant(loss, config['losses'])}"
                )
        if phase.start_from not in kept:
            raise config.error(
                (*path, "start_from"),
                f"no earlier phase keeps '{phase.start_from}'{meant(phase.start_from, kept)}",
            )
        kept |= {phase.keep} if phase.keep else set()
        if isinstance(phase.optimizer, dict):
            _optimizer(config, (*path, "optimizer"), {**config.get("optimizer", {}), **phase.optimizer})
        if phase.schedule is not None:
            _build(config, (*path, "schedule"), phase.schedule, schema.Schedule)
        if phase.data:
            train = config["data"]["train"]
            both = {key: value for key, value in {**train, **phase.data}.items() if key != "type"}
            _arguments(config, (*path, "data"), both, DATASETS.load(train["type"]), train["type"])


def _metrics(config: Config) -> None:
    evaluate = schema.Evaluate(**config.get("evaluate", {}))
    for index, metric in enumerate(evaluate.metrics):
        path: KeyPath = ("evaluate", "metrics", index)
        spec = metric if isinstance(metric, dict) else {"type": metric}
        try:
            component = METRICS.load(
                str(spec.get("type", ""))
            )  # light, and a run must not fail after its training
        except PluginError as error:
            raise config.error(path, str(error)) from error
        _arguments(config, path, {k: v for k, v in spec.items() if k != "type"}, component, spec["type"])
    if evaluate.split not in config["data"]:  # every run is scored at its end
        there = ", ".join(config["data"])
        raise config.error(("evaluate", "split"), f"data has no '{evaluate.split}'; it has {there}")


def _at(config: Config, path: KeyPath) -> Any:
    node: Any = config.data
    for part in path:
        node = node[part]
    return node
