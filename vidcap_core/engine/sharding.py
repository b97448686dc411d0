"""Experimental: parameters shared out over the processes (FSDP), for captioners that fit no single GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

from vidcap_core.engine import mm
from vidcap_core.errors import UserError
from vidcap_core.saved import base

WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


def shard(model: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    """Share the parameters out, once: block by block, so that a process holds one block whole at a time."""
    if not isinstance(model, FSDPModule):
        mesh = init_device_mesh(device.type, (mm.world_size(),))
        for block in blocks(model):
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
    return model


def blocks(model: torch.nn.Module) -> list[torch.nn.Module]:
    """The layers of its networks that are only ever called as a whole: those of Hugging Face, and torch's encoders'."""
    named: set[str] = set()
    for module in model.modules():
        named |= set(getattr(module, "_no_split_modules", None) or ())
    found = (torch.nn.TransformerEncoderLayer,)
    return [part for part in model.modules() if isinstance(part, found) or type(part).__name__ in named]


@contextmanager
def whole(model: torch.nn.Module) -> Iterator[None]:
    """Inside, every process has all weights, and may use them as often as it likes: the others wait for nothing."""
    if not isinstance(model, FSDPModule):
        yield
        return
    shared = [part for part in model.modules() if isinstance(part, FSDPModule)]
    for part in shared:
        part.set_reshard_after_forward(False, recurse=False)
        part.unshard()
    try:
        yield
    finally:
        for part in shared:
            part.set_reshard_after_forward(part is not model, recurse=False)
            part.reshard()


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Whole weights; of a sharded model on the main process only, but every process must ask."""
    return dict(
        get_model_state_dict(model, options=WHOLE) if isinstance(model, FSDPModule) else model.state_dict()
    )


def set_weights(
    model: torch.nn.Module,
    values: dict[str, torch.Tensor],
    left_out: base.Base,
    source: str,
    known: base.Base,
) -> None:
    """Put whole weights into a model, sharded or not; it has already what they leave out, and `known` was compared."""
    if isinstance(model, FSDPModule):
        options = StateDictOptions(full_state_dict=True, strict=not left_out)
        set_model_state_dict(model, dict(values), options=options)
    else:
        base.put(model, values, left_out, source, known)


def optimizer_state(model: torch.nn.Module, wrapper: mm.OptimWrapper) -> dict[str, Any]:
    """The state of an optimiser, whole; every process must ask."""
    if isinstance(model, FSDPModule):
        return get_optimizer_state_dict(model, wrapper.optimizer, options=WHOLE)
    return wrapper.state_dict()  # type: ignore[no-any-return]


def set_optimizer_state(model: torch.nn.Module, wrapper: mm.OptimWrapper, state: dict[str, Any]) -> None:
    """Restore what `optimizer_state` gave."""
    fresh = [
        {key: value for key, value in g.items() if key != "params"} for g in wrapper.optimizer.param_groups
    ]
    try:
        names = _names(model, wrapper.optimizer)
        if isinstance(model, FSDPModule):
            options = StateDictOptions(full_state_dict=True)
            set_optimizer_state_dict(
                model, wrapper.optimizer, _renamed(state, dict(enumerate(names))), options=options
            )
        else:
            wrapper.load_state_dict(_renamed(state, {name: number for number, name in enumerate(names)}))
    except (KeyError, ValueError) as error:
        raise UserError(
            f"the optimiser of the config cannot take over the state of the run's: {error}",
            hint="the optimizer, phases and groups it was started with",
        ) from error
    for group, settings in zip(wrapper.optimizer.param_groups, fresh, strict=True):
        group.update(settings)  # rates are the config's, also where --force-resume changed them


def _names(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """Of an optimiser's parameters, in its order."""
    known = {id(parameter): name for name, parameter in model.named_parameters()}
    return [known[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]


def _renamed(state: dict[str, Any], keys: Mapping[Any, Any]) -> dict[str, Any]:
    """An optimiser's state by numbers of parameters, as one process keeps it, or by names, as a sharded model does."""
    groups = [{**g, "params": [keys.get(key, key) for key in g["params"]]} for g in state["param_groups"]]
    values = {keys.get(key, key): value for key, value in state["state"].items()}
    return {**state, "state": values, "param_groups": groups}
