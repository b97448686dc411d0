"""The phases of a config: each as the schema has it, then with what is said once for all of them."""

from __future__ import annotations

from typing import Any

from vidcap_core.config import schema
from vidcap_core.config.files import Config
from vidcap_core.config.mistakes import Gathered
from vidcap_core.config.optimizers import optimizer
from vidcap_core.config.parse import check_arguments, check_frames, check_transforms, settings
from vidcap_core.config.paths import KeyPath
from vidcap_core.config.recipe import Clipping, Group, Phase
from vidcap_core.errors import ConfigError
from vidcap_core.zoo.arguments import meant
from vidcap_core.zoo.component import Component


def phases_of(config: Config, train: Component | None, runtime: schema.Runtime) -> tuple[Phase, ...]:
    """Every phase, in order; train: None where the training data are wrong, and there is no recipe to make."""
    gathered = Gathered(config.name)
    usual, base, made_by = schema.Schedule(), config.get("optimizer", {}), None
    with gathered.of_a_part():
        usual = settings(config, ("schedule",), config.get("schedule", {}), schema.Schedule)
    with gathered.of_a_part():
        made_by = optimizer(config, ("optimizer",), base)
    first = made_by
    weight_names = {"last", "best"}
    phases: list[Phase] = []
    for name, keys in config["phases"].items():
        path: KeyPath = ("phases", name)
        with gathered.of_a_part():
            phase = settings(config, path, keys, schema.Phase)
            _check(config, path, name, phase, weight_names)
            weight_names |= {phase.keep} if phase.keep else set()
            if isinstance(phase.optimizer, dict):
                made_by = optimizer(config, (*path, "optimizer"), {**base, **phase.optimizer})
            elif phase.optimizer == "fresh":
                made_by = first
            own = phase.schedule
            schedule = usual if own is None else settings(config, (*path, "schedule"), own, schema.Schedule)
            groups = [_group(config, (*path, "groups", i), group) for i, group in enumerate(phase.groups)]
            if train is None or made_by is None:
                continue
            phases.append(
                Phase(
                    name=name,
                    updates=tuple(map(tuple, phase.updates or [phase.losses])),
                    epochs=phase.epochs,
                    steps=phase.steps,
                    train=None if phase.train is None else tuple(phase.train),
                    freeze=tuple(phase.freeze),
                    groups=tuple(groups),
                    data=_data(config, (*path, "data"), train, phase.data or {}),
                    cache=tuple(phase.cache),
                    batch=phase.batch or runtime.batch,
                    accumulate=phase.accumulate or runtime.accumulate,
                    optimizer=made_by,
                    keeps_optimizer=phase.optimizer == "keep",
                    schedule=schedule,
                    clipping=_clipping(phase) or _clipping(runtime),
                    best=phase.best,
                    start_from=phase.start_from,
                    keep=phase.keep,
                )
            )
    gathered.refuse()
    return tuple(phases)


def _check(config: Config, path: KeyPath, name: str, phase: schema.Phase, weight_names: set[str]) -> None:
    """What the schema cannot see: the phase's name, its losses, the weights it starts with."""
    try:
        schema.check_name(name)
    except ConfigError as error:
        raise config.wrap(path, error) from error
    if (phase.epochs is None) == (phase.steps is None):
        raise config.error(path, f"phase '{name}' must say either epochs or steps")
    if bool(phase.losses) == bool(phase.updates):
        raise config.error(path, f"phase '{name}' must say either losses or updates")
    for loss in [loss for update in phase.updates or [phase.losses] for loss in update]:
        if loss not in config["losses"]:
            raise config.error((*path, "losses"), f"there is no loss '{loss}'{meant(loss, config['losses'])}")
    if phase.start_from not in weight_names:
        raise config.error(
            (*path, "start_from"),
            f"no earlier phase keeps '{phase.start_from}'{meant(phase.start_from, weight_names)}",
        )


def _data(config: Config, path: KeyPath, train: Component, changes: dict[str, Any]) -> Component:
    """The training data with the phase's own keys."""
    changed = train.changed(**{key: value for key, value in changes.items() if key != "type"})
    if changes:
        check_arguments(config, path, dict(changed.arguments), train.target, train.type)
        check_transforms(config, path, changes)
        check_frames(config, path, changes)
    return changed


def _group(config: Config, path: KeyPath, keys: object) -> Group:
    group = settings(config, path, keys, Group)
    return Group(tuple(group.parts), group.lr_mult, group.weight_decay)


def _clipping(says: schema.Phase | schema.Runtime) -> Clipping | None:
    if says.clip_grad is None and says.clip_value is None:
        return None
    return Clipping(says.clip_grad, says.clip_value)
