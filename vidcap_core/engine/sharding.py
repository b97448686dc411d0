"""Experimental: parameters shared out over the processes (FSDP), for captioners that fit no single GPU."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Share the parameters out, once."""
    if not isinstance(model, FSDPModule):
        fully_shard(model, mesh=init_device_mesh(device.type, (mm.world_size(),)))
    return model


@contextmanager
def whole(model: torch.nn.Module) -> Iterator[None]:
    """Inside, every process has all weights, and may use them as often as it likes: the others wait for nothing."""
    if not isinstance(model, FSDPModule):
        yield
        return
    model.unshard()
    try:
        yield
    finally:
        model.reshard()


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
        if isinstance(model, FSDPModule):
            options = StateDictOptions(full_state_dict=True)
            set_optimizer_state_dict(model, wrapper.optimizer, state, options=options)
        else:
            wrapper.load_state_dict(state)
    except (KeyError, ValueError) as error:
        raise UserError(
            f"the optimiser of the config cannot take over the state of the run's: {error}",
            hint="the optimizer, phases and groups it was started with",
        ) from error
    for group, settings in zip(wrapper.optimizer.param_groups, fresh, strict=True):
        group.update(settings)  # rates are the config's, also where --force-resume changed them
