"""Our registries as mmengine registries, and mmengine's parts by name in our configs."""

from __future__ import annotations

from typing import Any

import torch

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


def build_optimizer(parameters: list[dict[str, Any]], optimizer: Optimizer) -> torch.optim.Optimizer:
    """An optimiser by torch's name, a name in mmengine's registry, or a dotted path."""
    name, arguments = optimizer.type, dict(optimizer.arguments)
    if ":" in name:
        made_by = tables.HEADS.load(name)  # a dotted path resolves alike in every table
        return made_by(parameters, **arguments)  # type: ignore[no-any-return]
    try:
        return OPTIMIZERS.build({"type": name, **arguments, "params": parameters})  # type: ignore[no-any-return]
    except (KeyError, ImportError, AttributeError) as error:
        raise ConfigError(f"optimizer.type: there is no '{name}'", hint="AdamW, or module:Class") from error
