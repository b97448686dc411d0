"""The optimiser of a config: by torch's name, by a path of one's own, or by a name of mmengine's registry."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from vidcap_core.config.files import Config
from vidcap_core.config.parse import check_arguments
from vidcap_core.config.paths import KeyPath
from vidcap_core.config.recipe import Optimizer
from vidcap_core.zoo.arguments import meant

USUAL = "AdamW, Adam or SGD"
USUAL_RATE = 1e-3


def optimizer(config: Config, path: KeyPath, given: object) -> Optimizer:
    """An optimiser that is one, with arguments that it takes; the engine looks up what only mmengine may know."""
    if not isinstance(given, dict):
        raise config.error(path, "must be a dict: type, lr, ...")
    name = str(given.get("type", "AdamW"))
    arguments = {"lr": USUAL_RATE, **{key: value for key, value in given.items() if key != "type"}}
    try:
        target = find(name)
    except ImportError as error:
        raise config.error(
            (*path, "type"),
            f"'{name}' cannot be imported: {error}",
            hint="PYTHONPATH=FOLDER in front of the command, where FOLDER holds the module",
        ) from error
    if target is not None:
        if reason := refusal(target, name):
            raise config.error((*path, "type"), reason + _close(name), hint=USUAL)
        parameters = next(iter(inspect.signature(target).parameters), "params")
        check_arguments(config, path, {parameters: [], **arguments}, target, name)
    elif "." not in name:
        raise config.error(
            (*path, "type"),
            f"no optimiser is named '{name}'{_close(name) or meant(name, _known())}",
            hint="module:Class for one of your own, mmengine.NAME for one of mmengine's registry",
        )
    return Optimizer(name, arguments)


def find(name: str) -> Any:
    """What a name of torch or a path leads to; None where it is neither. `module:Class` can only be a path."""
    import torch  # heavy, but a misspelt optimiser must fail here and not after the data is read

    if "." not in name and ":" not in name:
        return getattr(torch.optim, name, None)
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        if ":" in name:
            raise ImportError(str(error)) from error
        return None


def refusal(target: object, name: str) -> str | None:
    """Why something cannot be the optimiser of a run, if it cannot."""
    from torch.optim import Optimizer as Base

    if not (isinstance(target, type) and issubclass(target, Base)):
        return f"'{name}' is no optimiser: it does not derive from torch.optim.Optimizer"
    if target is Base:
        return f"'{name}' is what optimisers derive from, and none itself"
    closure = inspect.signature(target.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        return (
            f"{name} asks for a closure that computes the losses again, and a run computes them once a step"
        )
    return None


def _known() -> list[str]:
    import torch

    return sorted(name for name, part in vars(torch.optim).items() if refusal(part, name) is None)


def _close(name: str) -> str:
    """The optimiser whose name is the same but for small and capital letters, if there is one."""
    same = [known for known in _known() if known.lower() == name.lower() and known != name]
    return f"; did you mean '{same[0]}'?" if same else ""
