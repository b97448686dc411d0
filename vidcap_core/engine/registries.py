"""Our registries as mmengine registries, and mmengine's parts by name in our configs."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from vidcap_core.config import optimizers
from vidcap_core.config.recipe import Optimizer
from vidcap_core.engine.mm import OPTIMIZERS, Registry
from vidcap_core.errors import ConfigError, PluginError
from vidcap_core.zoo import registry as tables


def expose() -> dict[str, Registry]:
    """mmengine registries that hold our components, so that any mmengine config can build them.

    `ENCODERS` .. `TOKENIZERS` become registries in mmengine's scope `vidcap`; a component is imported
    when it is registered here, and one that cannot be imported is left out.
    """
    exposed = {}
    for kind, table in tables.REGISTRIES.items():
        mirror = Registry(f"vidcap {table.noun}", scope="vidcap")
        for name in table.names():
            try:
                mirror.register_module(name=name, module=table.load(name))
            except PluginError:
                continue  # `vidcap plugins` tells why; the others must stay usable
        exposed[kind] = mirror
    return exposed


def optimizer_class(name: str) -> type[torch.optim.Optimizer]:
    """An optimiser by torch's name, a path, or a name in mmengine's registry."""
    try:
        target = optimizers.find(name) or OPTIMIZERS.get(name)
    except (AttributeError, ImportError, KeyError):
        target = None
    if target is None:
        raise ConfigError(f"optimizer.type: there is no '{name}'", hint="AdamW, or module:Class")
    if reason := optimizers.refusal(target, name):
        raise ConfigError(f"optimizer.type: {reason}", hint=optimizers.USUAL)
    return target  # type: ignore[no-any-return]


def build_optimizer(
    parameters: list[dict[str, Any]], optimizer: Optimizer, fused: bool = False
) -> torch.optim.Optimizer:
    """The optimiser over groups of parameters; what it refuses of them or of its arguments is the config's mistake.

    fused: whether all is updated by one kernel, where the optimiser has one and the config does not say how.
    """
    kind = optimizer_class(optimizer.type)
    how = {"fused", "foreach", "capturable", "differentiable"}
    one = fused and "fused" in inspect.signature(kind).parameters and not how & optimizer.arguments.keys()
    try:
        return kind(parameters, **{**optimizer.arguments, **({"fused": True} if one else {})})
    except (TypeError, ValueError) as error:
        raise ConfigError(f"optimizer: {optimizer.type} refuses what it was given: {error}") from error
