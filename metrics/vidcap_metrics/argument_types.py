"""Whether a typed value is what a metric's argument is declared to be."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from vidcap_metrics.errors import UserError

WORDS: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "a text",
    Path: "a path",
}
EXAMPLES: dict[object, str] = {int: "2", float: "0.5", bool: "True", str: "TEXT", Path: "FILE"}


def of_types(kind: Any, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as they are annotated: a number is text where text is wanted, what does not fit is refused."""
    try:
        hints = typing.get_type_hints(kind.__init__)
    except NameError:  # a name that is only there for type checkers
        return dict(arguments)
    out = {}
    for key, value in arguments.items():
        hint = hints.get(key, Any)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        out[key] = value if fits(value, hint) or not number else str(value)
        if not fits(out[key], hint):
            raise UserError(
                f"--set {name}.{key}={value!r:.60}: {spelled(hint)} is wanted",
                hint=f"--set {name}.{key}={example(hint)}",
            )
    return out


def fits(value: object, hint: object) -> bool:
    """Whether a literal is of an annotated type; a whole number fits where any number does."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in inner)
    if origin in (Union, types.UnionType):
        return any(fits(value, each) for each in inner)
    if origin is None:
        return _is(value, hint)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_key, of_value = inner
        return isinstance(value, Mapping) and all(
            fits(key, of_key) and fits(each, of_value) for key, each in value.items()
        )
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return isinstance(value, (list, tuple)) and all(fits(each, inner[0]) for each in value)
    return isinstance(origin, type) and isinstance(value, origin)


def spelled(hint: object) -> str:
    """An annotation in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(spelled, inner)))
    if hint is type(None):
        return "None"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a mapping {...}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return "a list [...]"
    return WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def example(hint: object) -> str:
    """What may be typed, as a beginning."""
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return str(inner[0])
    if get_origin(hint) in (Union, types.UnionType):
        return example(inner[0])
    return EXAMPLES.get(hint, "VALUE")


def _is(value: object, kind: object) -> bool:
    if kind is type(None):
        return value is None
    if kind is Path:
        return isinstance(value, (str, Path))
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if getattr(kind, "_is_protocol", False):  # an object of somebody's own, which nobody types
        return False
    return not isinstance(kind, type) or isinstance(value, kind)
