"""The mmengine hooks of a config: looked up and checked before the run, built for it."""

from __future__ import annotations

import importlib

from vidcap_core.config.files import Config
from vidcap_core.config.parse import check_arguments
from vidcap_core.config.paths import KeyPath
from vidcap_core.config.recipe import Hook, Recipe
from vidcap_core.engine import mm
from vidcap_core.zoo.arguments import meant


def check(recipe: Recipe) -> None:
    """Refuse hooks that do not exist, that are no hooks, or that the loop leaves no work."""
    for index, hook in enumerate(recipe.hooks):
        path: KeyPath = ("hooks", index)
        check_arguments(recipe.config, path, dict(hook.arguments), _class_of(recipe, path, hook), hook.type)
        if hook.priority is not None:
            try:
                mm.get_priority(hook.priority)
            except (KeyError, TypeError, ValueError) as error:
                wanted = "0 (first) to 100 (last), or a name such as 'NORMAL' or 'LOW'"
                message = f"must be {wanted}, not {hook.priority!r}"
                raise recipe.config.error((*path, "priority"), message) from error


def build(recipe: Recipe) -> list[mm.Hook]:
    """The hooks, in the config's order; mmengine sorts them by priority."""
    built = []
    for index, hook in enumerate(recipe.hooks):
        made = _class_of(recipe, ("hooks", index), hook)(**hook.arguments)
        made.priority = made.priority if hook.priority is None else hook.priority
        built.append(made)
    return built


def _class_of(recipe: Recipe, path: KeyPath, hook: Hook) -> type[mm.Hook]:
    """A hook by its name in mmengine's registry, or by a path of one's own."""
    path = (*path, "type")
    names = mm.HOOKS.module_dict
    if hook.type in mm.REPLACED_HOOKS:
        message = f"{hook.type} has no work here: the training loop does that itself"
        raise recipe.config.error(path, message, hint=mm.REPLACED_HOOKS[hook.type])
    if hook.type in names:
        return names[hook.type]  # type: ignore[no-any-return]
    if "." not in hook.type and ":" not in hook.type:
        usable = sorted(set(names) - set(mm.REPLACED_HOOKS))
        raise recipe.config.error(path, f"no hook is named '{hook.type}'{meant(hook.type, usable)}")
    target = _imported(hook.type, recipe.config, path)
    if not (isinstance(target, type) and issubclass(target, mm.Hook)):
        raise recipe.config.error(path, f"{hook.type} is no hook: it must derive from mmengine.hooks.Hook")
    return target


def _imported(name: str, config: Config, path: KeyPath) -> object:
    """What `module:Name` or `module.Name` leads to."""
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise config.error(
            path,
            f"'{name}' cannot be imported: {error}",
            hint="PYTHONPATH=FOLDER in front of the command, where FOLDER holds the module",
        ) from error
    except (ImportError, AttributeError, ValueError) as error:
        raise config.error(path, f"'{name}' cannot be imported: {error}") from error
