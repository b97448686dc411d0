"""Whether plain data can be the arguments of a call: names, presence and types, before anything is called."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import difflib
import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from vidcap_core.errors import ConfigError

Problem = tuple[tuple[str, ...], str]
"""Where (the argument's name, or nothing for the call itself), and what is wrong."""


def problems(
    given: object, callee: Callable[..., Any], name: str, filled: Iterable[str] = ()
) -> Iterator[Problem]:
    """What would keep `callee(**given)` from being called; `filled` are arguments that others fill in."""
    if not isinstance(given, dict):
        yield (), f"must be a dict of {name}'s arguments, not {type(given).__name__}"
        return
    parameters, hints, open_ended = _signature(callee)
    named = {k: p for k, p in parameters.items() if k not in {"self", *filled}}
    for key, value in given.items():
        if key not in named and not open_ended:
            yield (key,), f"{name} has no argument '{key}'{meant(key, named)}"
        elif key in hints and key in named and not fits(value, hints[key]):
            yield (
                (key,),
                f"{name} wants {spell(hints[key])} for '{key}', not {value!r}{_of_choices(value, hints[key])}",
            )
    for key, parameter in named.items():
        if parameter.default is parameter.empty and key not in given:
            yield (), f"{name} needs the argument '{key}'"


def names(callee: Callable[..., Any]) -> Collection[str]:
    """Names of the arguments that a call takes, and of those that a class hands on as `**others`."""
    return _signature(callee)[0]


NEEDED = "(needed)"
"""Stands for the default of an argument that has none."""


def described(callee: Callable[..., Any], filled: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Each argument of a call: its name, its type and default as one writes them, and the default itself."""
    named, hints, _ = _signature(callee)
    actual: dict[str, inspect.Parameter] = dict(inspect.signature(callee).parameters)
    for owner in callee.__mro__ if inspect.isclass(callee) else ():
        if "__init__" in vars(owner) and owner is not object:
            actual = {**inspect.signature(vars(owner)["__init__"]).parameters, **actual}
    rows = []
    for key in named:
        if key not in {"self", *filled}:
            default = actual.get(key, named[key]).default
            empty = default is inspect.Parameter.empty
            kind = spell(hints[key]) if key in hints else ""
            written = NEEDED if empty else repr(default)
            rows.append(
                {"argument": key, "type": kind, "default": written, "value": None if empty else default}
            )
    return rows


def fits(value: Any, hint: Any) -> bool:
    """Whether plain data can stand where a type is annotated; what cannot be judged fits."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is None or hint is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        options = [option for option in inner if option is type(None) or _judged(option)]
        return set(options) <= {type(None)} or any(fits(value, option) for option in options)
    if origin is typing.Literal:
        return any(value == option and type(value) is type(option) for option in inner)
    if not _judged(hint):
        return True
    kind = origin or hint
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    if issubclass(kind, abc.Mapping):
        return isinstance(value, dict) and (not inner or all(fits(item, inner[1]) for item in value.values()))
    if kind is tuple and inner and inner[-1] is not Ellipsis:
        return isinstance(value, (list, tuple)) and len(value) == len(inner) and all(map(fits, value, inner))
    if issubclass(kind, abc.Iterable) and kind not in (str, bytes):
        return isinstance(value, (list, tuple)) and (not inner or all(fits(item, inner[0]) for item in value))
    return kind is not abc.Callable and isinstance(value, kind)


def _judged(hint: object) -> bool:
    """Whether plain data can be told to fit: not for classes, such as a Tensor, that others make from it."""
    kind = typing.get_origin(hint) or hint
    if kind in (typing.Union, types.UnionType, typing.Literal):
        return True
    return (
        isinstance(kind, type) and kind.__module__ in ("builtins", "collections.abc") and kind is not object
    )


def spell(hint: object) -> str:
    """A type as one would write it in a signature; the values of an enumeration as one would list them."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and not inner:
        return "None" if hint.__name__ == "NoneType" else hint.__name__
    if origin is typing.Literal:
        *others, last = map(repr, inner)
        return f"{', '.join(others)} or {last}" if others else last
    if origin in (typing.Union, types.UnionType):
        parts = [spell(part) for part in inner]
        return (" or " if any(" or " in part for part in parts) else " | ").join(parts)
    if isinstance(origin, type) and origin.__name__ != "Callable" and inner:
        return f"{origin.__name__}[{', '.join('...' if part is ... else spell(part) for part in inner)}]"
    return str(hint).replace("typing.", "").replace("collections.abc.", "")


def _of_choices(value: object, hint: object) -> str:
    """Which of the values that an annotation lists was meant, where one is close."""
    inner = [hint, *typing.get_args(hint)]
    known = [
        str(v) for part in inner if typing.get_origin(part) is typing.Literal for v in typing.get_args(part)
    ]
    close = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a "no such name" message: what was meant, or what there is."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; it has: {', '.join(known) or 'none'}"


def at_least(least: float, **values: float | None) -> None:
    """Refuse a number that would make nothing happen, or the wrong thing."""
    for name, value in values.items():
        if value is not None and value < least:
            raise ConfigError(f"{name} must be at least {least}, not {value}")


def _signature(
    callee: Callable[..., Any],
) -> tuple[dict[str, inspect.Parameter], dict[str, Any], bool]:
    """Parameters with their types, and whether any other name will do.

    A class that takes `**others` is one that hands them to the `__init__` behind its own: those names count too.
    """
    parameters = inspect.signature(callee).parameters
    named, hints, open_ended = _named(parameters), dict(_hints(callee)), _open_ended(parameters)
    if not inspect.isclass(callee):
        return named, hints, open_ended
    makers = [owner for owner in callee.__mro__ if "__init__" in vars(owner)]
    for owner in makers[1:]:
        parameters = inspect.signature(vars(owner)["__init__"]).parameters
        if not open_ended or not _named(parameters).keys() - {"self"}:
            break  # also where the end is reached (torch's Module, object): then they are for the class itself
        # what an __init__ in between says by itself cannot be told from outside, so nothing of it is needed
        named = {k: p.replace(default=None) for k, p in _named(parameters).items()} | named
        hints = {**_hints(owner), **hints}
        open_ended = _open_ended(parameters)
    return named, hints, open_ended


def _named(parameters: Mapping[str, inspect.Parameter]) -> dict[str, inspect.Parameter]:
    return {k: p for k, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}


def _open_ended(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _hints(callee: Callable[..., Any]) -> Mapping[str, Any]:
    target = callee.__init__ if inspect.isclass(callee) and not dataclasses.is_dataclass(callee) else callee
    try:
        return typing.get_type_hints(target)
    except Exception:  # an annotation that only a type checker can resolve: then names alone are checked
        return {}
