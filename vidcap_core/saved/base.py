"""The base of a run: what never trains. `runtime.save="trained"` names and hashes it in place of storing it.

Checkpoints and bundles then hold the other weights; the base is built from its own source, and its hash compared.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config, set_key
from vidcap_core.config.recipe import CaptionerRecipe, Phase, Recipe
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.files.hashing import hash_of
from vidcap_core.saved.weights import put_weights, raw_bytes
from vidcap_core.zoo.component import Component

Base = Mapping[str, dict[str, Any]]
"""`head` or `encoders.NAME` -> its `type`, the `source` arguments, the names of its `tensors` and their `sha256`."""


def base_of(captioner: Captioner, recipe: Recipe) -> dict[str, dict[str, Any]]:
    """What no phase changes and its source gives once more: each part is built a second time to see that.

    What was drawn at random comes out otherwise then, and is stored with what trains.
    """
    changing = changed_by(captioner, recipe.phases)
    state = {name: value for name, value in captioner.state_dict().items() if name not in changing}
    base: dict[str, dict[str, Any]] = {}
    for at, component in _components(recipe):
        own = {name: value for name, value in state.items() if name.startswith(f"{at}.")}
        if not own:
            continue
        again = component.build(tokenizer=captioner.tokenizer).state_dict()
        same = {n: v for n, v in own.items() if _equal(v, again.get(n.removeprefix(f"{at}.")))}
        if same:
            base[at] = {
                "type": component.type,
                "source": _source(component),
                "tensors": sorted(same),
                "sha256": _hash(same),
            }
    return base


def changed_by(captioner: Captioner, phases: Iterable[Phase]) -> set[str]:
    """Names of the weights that train in a phase, and of the buffers (statistics) of what is in training mode then."""
    changing: set[int] = set()
    before = {p: p.requires_grad for p in captioner.parameters()}
    for phase in phases:
        captioner.choose_training(phase.train, phase.freeze)
        captioner.train()
        changing |= {id(p) for p in captioner.parameters() if p.requires_grad}
        for module in captioner.modules():
            changing |= {id(b) for b in module.buffers(recurse=False) if module.training}
    for parameter, trains in before.items():
        parameter.requires_grad_(trains)
    state = captioner.state_dict(keep_vars=True)  # a tied weight has two names, and is one tensor
    return {name for name, value in state.items() if id(value) in changing}


def without(weights: Mapping[str, Tensor], base: Base, prefix: str = "") -> dict[str, Tensor]:
    """Weights but for those of the base."""
    left_out = {prefix + name for name in _names(base)}
    return {name: value for name, value in weights.items() if name not in left_out}


def within(own: Mapping[str, Tensor], weights: Mapping[str, Tensor], base: Base, prefix: str = "") -> Any:
    """The reverse: weights, and those of the base as they are here."""
    names = [prefix + name for name in _names(base)]
    return {**{name: own[name] for name in names if name in own}, **weights}


def put(
    model: nn.Module, weights: Mapping[str, Tensor], base: Base, source: str, known: Base | None = None
) -> None:
    """Put weights into a model that has the base already, which must be the right one; `known`: it was compared."""
    own = model.state_dict()
    if base != known:
        check(own, base, source)
    put_weights(model, within(own, weights, base), source)


def differing(own: Mapping[str, Tensor], base: Base) -> str | None:
    """The first part of the base that is another one in these weights."""
    for at, part in base.items():
        if _hash({name: own[name] for name in part["tensors"]}) != part["sha256"]:
            return at
    return None


def check(own: Mapping[str, Tensor], base: Base, source: str) -> None:
    """Refuse to go on from another base than the one that was trained on."""
    for at, part in base.items():
        if absent := [name for name in part["tensors"] if name not in own]:
            raise CheckpointError(
                f"{source} was trained on a base of another architecture: {at} has no {absent[0]} here"
            )
    if (other := differing(own, base)) is not None:
        raise CheckpointError(
            f"{source} was trained on another base than the one that is here: {described(other, base[other])} "
            "has other weights",
            hint=f"put the weights from that time where {other} looks for them, or {_option(other, base)}; "
            "runtime.save='all' stores them with a run",
        )


def read(value: object, source: str) -> Base:
    """What a file says of its base, whoever wrote it; nothing where it holds all weights."""
    parts = {} if value is None else value
    if isinstance(parts, dict) and all(
        isinstance(at, str)
        and isinstance(part, dict)
        and isinstance(part.get("source"), dict)
        and isinstance(part.get("tensors"), list)
        and all(isinstance(name, str) for name in part["tensors"])
        and {"type", "sha256"} <= part.keys()
        for at, part in parts.items()
    ):
        return parts
    raise CheckpointError(f"{source} is damaged: what it says of its base makes no sense")


def for_captions(base: Base) -> Base:
    """Without the bases of losses, which only training has."""
    return {at: part for at, part in base.items() if not at.startswith("losses.")}


def keys(base: Base) -> list[str]:
    """The keys of a config that say where the base comes from: another place will do, since hashes are compared."""
    return [f"{at}.{name}" for at, part in base.items() for name in part["source"]]


def moved(config: Config, changes: Sequence[str], base: Base, source: str) -> Config:
    """A stored config with its base elsewhere, as `--set` says; of what is stored nothing else can be set."""
    allowed = keys(base)
    config = Config(config.name, copy.deepcopy(config.data), dict(config.origins))
    for change in changes:
        if change.partition("=")[0] not in allowed:
            only = f"of '{source}' only the places of its base can be set: {', '.join(allowed)}"
            none = f"'{source}' has its config, and holds all its weights; --set is for configs that come trained"
            raise UserError(
                f"--set {change}: {only if allowed else none}",
                hint="for a bundle or a run: --beam, --sample, --n-best, --seed, --prompt, --without, --copy",
            )
        set_key(config, change)
    return config


def renewed(base: Base, recipe: CaptionerRecipe) -> dict[str, dict[str, Any]]:
    """The same base, with the places where a recipe has it."""
    sources = {at: _source(component) for at, component in _components(recipe)}
    return {at: {**part, "source": sources.get(at, part["source"])} for at, part in base.items()}


def described(at: str, part: Mapping[str, Any]) -> str:
    """A part of the base, as one would write it in a config."""
    words = "".join(f", {key}={value!r}" for key, value in part["source"].items())
    return f"{at} (type={part['type']!r}{words})"


def _components(recipe: CaptionerRecipe) -> Iterator[tuple[str, Component]]:
    yield "head", recipe.head
    for name, encoder in recipe.encoders.items():
        yield f"encoders.{name}", encoder
    for name, term in recipe.losses.items() if isinstance(recipe, Recipe) else ():
        yield f"losses.{name}", term.component


def _source(component: Component) -> dict[str, Any]:
    """The arguments that `missing` looks at: they say where weights come from; all where there is no `missing`."""
    known = inspect.signature(component.target).parameters
    usual = {name: p.default for name, p in known.items() if p.default is not p.empty}
    given = {**usual, **component.arguments}
    asked = getattr(component.target, "missing", None)
    names = inspect.signature(asked).parameters if asked is not None else component.arguments
    return {name: given[name] for name in names if name in given}


def _option(at: str, base: Base) -> str:
    """How to name another place of a part, of which there may be several keys."""
    return " or ".join(f"--set {key}=FOLDER" for key in keys({at: base[at]})) or "change the config"


def _names(base: Base) -> list[str]:
    return [name for part in base.values() for name in part["tensors"]]


def _equal(value: Tensor, other: Tensor | None) -> bool:
    return other is not None and value.dtype == other.dtype and torch.equal(value.cpu(), other.cpu())


def _hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes."""

    def blocks() -> Iterator[bytes | memoryview]:
        for name, value in sorted(tensors.items()):
            yield f"{name} {value.dtype} {tuple(value.shape)}\n".encode()
            yield raw_bytes(value)

    return hash_of(blocks())
