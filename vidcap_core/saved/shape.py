"""What stored data must look like before anything is made of it; whoever could write the file may have."""

from __future__ import annotations

from typing import Any, cast

from vidcap_core.errors import DataError

NUMBER = (int, float)
LARGEST = 2**63
"""Whole numbers beyond it are no sizes, times or steps, and too large for a float at some point."""
EVENT: dict[str, Any] = {
    "start": NUMBER,
    "end": NUMBER,
    "text": str,
    "score?": (*NUMBER, None),
    "words?": ({"tokens": [str], "log_probs": [NUMBER]}, None),
}
PREDICTION: dict[str, Any] = {
    "id": (str, int),
    "text": str,
    "path?": (str, None),
    "span?": [NUMBER],
    "events?": [EVENT],
    "streams?": [str],
    "n_best?": [[str]],
}
NUMBERS = {"*": (*NUMBER, None)}
SCORES: dict[str, Any] = {"values": NUMBERS, "per_clip": {"*": NUMBERS}, "signatures": {"*": str}}
"""What everything that reads the scores of a run needs of them."""


def check(value: object, shape: object, where: str, hint: str) -> None:
    """Refuse a value of another shape.

    A shape is a type, None, `[shape]` of every item, `{key: shape}`, where `key?` may be absent and `*` is every
    key, or a tuple of shapes of which one fits.
    """
    if (wrong := _wrong(value, shape, "")) is not None:
        raise DataError(f"{where}{wrong}", hint=hint)


def _wrong(value: object, shape: object, at: str) -> str | None:
    """What does not fit, and where in the value; None where all does."""
    if shape is object:
        return None
    if isinstance(shape, tuple):
        reasons = [_wrong(value, option, at) for option in shape]
        return None if None in reasons else max((str(reason) for reason in reasons), key=len)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{at}: holds {type(value).__name__}, not an object"
        if "*" in shape:
            wanted = [(str(key), item, shape["*"]) for key, item in value.items()]
        else:
            absent = [key for key in shape if not key.endswith("?") and key not in value]
            if absent:
                return f"{at}: lacks '{absent[0]}'"
            names = ((key.removesuffix("?"), kind) for key, kind in shape.items())
            wanted = [(name, value[name], kind) for name, kind in names if name in value]
        wrong = (_wrong(item, kind, f"{at}.{name:.40}") for name, item, kind in wanted)
        return next((reason for reason in wrong if reason is not None), None)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{at}: holds {type(value).__name__}, not a list"
        wrong = (_wrong(item, shape[0], f"{at}.{index}") for index, item in enumerate(value))
        return next((reason for reason in wrong if reason is not None), None)
    kind = type(None) if shape is None else cast(type, shape)
    far = isinstance(value, int) and abs(value) > LARGEST
    if isinstance(value, kind) and not isinstance(value, bool) and not far:
        return None
    name = "null" if shape is None else kind.__name__
    return f"{at}: holds {'null' if value is None else type(value).__name__}, not {name}"
