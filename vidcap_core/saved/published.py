"""A checkpoint under its authors' names: whether it is whole, what its shapes say, and the options beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from vidcap_core.errors import UserError

if TYPE_CHECKING:
    from typing_extensions import Self

SHOWN = 6
"""Names that a message lists."""


@dataclass(frozen=True)
class Published:
    """Weights under the authors' names, and their options, if they were given."""

    weights: Mapping[str, Tensor]
    options: Mapping[str, Any]

    @classmethod
    def of(
        cls, method: str, content: Mapping[str, Any], whole: Iterable[str], options: Mapping[str, Any]
    ) -> Self:
        """Weights lie under `model` or `state_dict`, or bare; one without the names `whole` is refused."""
        given = content.get("model", content.get("state_dict", content))
        weights = {
            key.removeprefix("module."): value
            for key, value in (given.items() if isinstance(given, Mapping) else ())
            if isinstance(value, Tensor)
        }
        refuse_lacking(method, weights, [name for name in whole if name not in weights])
        return cls(weights, options)

    def shape(self, name: str, dimensions: int = 2) -> tuple[int, ...]:
        """Of a tensor that must be there, with so many dimensions."""
        shape = tuple(self.weights[name].shape) if name in self.weights else ()
        if len(shape) != dimensions:
            raise UserError(
                f"the checkpoint is of another architecture: {name} has the shape {shape}, and {dimensions} "
                "sizes are expected"
            )
        return shape

    def layers(self, part: str) -> int:
        """How many numbered parts there are."""
        return len(
            {match[1] for key in self.weights if (match := re.match(rf"{re.escape(part)}\.(\d+)\.", key))}
        )

    def option(self, name: str, otherwise: int) -> int:
        """A whole number of the options, at least 1."""
        value = self.options.get(name, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UserError(
                f"the option {name}={value!r} is no whole number of at least 1", hint="--file options=FILE"
            )
        return value


def refuse_lacking(method: str, weights: Mapping[str, Tensor], lacking: list[str]) -> None:
    """Complain of what a whole checkpoint of the method has, and of what is there in its place."""
    if not lacking:
        return
    more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
    there = f": {_shapes(weights)}" if weights else ""
    raise UserError(
        f"this is no whole checkpoint of {method}: it lacks {', '.join(lacking[:SHOWN])}{more}; it has "
        f"{len(weights)} tensors{there}",
        hint="vidcap import, for the methods that can be read",
    )


def refuse_unknown(weights: Mapping[str, Tensor]) -> None:
    """Complain of tensors that an importer knows no place for."""
    if weights:
        raise UserError(
            f"the checkpoint is of another architecture: {len(weights)} of its tensors are unknown: "
            + _shapes(weights)
        )


def read_options(path: Path, like: str) -> Mapping[str, Any]:
    """A table of options in JSON, bare or under `opt`; `like` says what it should be."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no options can be read: {error}", hint=like) from error
    content = content.get("opt", content) if isinstance(content, Mapping) else content
    if not isinstance(content, Mapping):
        raise UserError(f"{path} holds no table of options", hint=like)
    return content


def _shapes(weights: Mapping[str, Tensor]) -> str:
    said = ", ".join(f"{key} {tuple(value.shape)}" for key, value in list(weights.items())[:4])
    return said + (", ..." if len(weights) > 4 else "")
