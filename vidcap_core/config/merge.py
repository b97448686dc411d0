"""One config over another: what stays, what is replaced, and who said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidcap_core.config.paths import KeyPath

EITHER = (("epochs", "steps"), ("losses", "updates"), ("clip_grad", "clip_value"))
"""Keys of a phase that exclude each other: what a file or `--set` says of one takes the other of its bases away."""


def merge(
    origins: dict[KeyPath, str], target: dict[str, Any], key: str, value: object, path: KeyPath, origin: str
) -> None:
    """Put a value where a key of a config is: dicts key by key, all else in place of what was there."""
    here = (*path, key)
    old = target.get(key)
    if isinstance(value, dict) and isinstance(old, dict) and not _replaces(value, old):
        if path == ("phases",):
            take_away(old, value)
        for name, item in value.items():
            merge(origins, old, name, item, here, origin)
        return
    if isinstance(value, dict):
        value = {name: item for name, item in value.items() if name != "_delete_"}
    for known in [known for known in origins if known[: len(here)] == here]:
        del origins[known]
    target[key] = _copy(value)
    origins[here] = origin


def take_away(old: dict[str, Any], new: Mapping[Any, Any]) -> None:
    """Of two keys that exclude each other, forget the one that is not said anew."""
    for pair in EITHER:
        for key, other in (pair, pair[::-1]):
            if new.get(key) is not None and other not in new:
                old.pop(other, None)


def _replaces(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Another `type` replaces the whole component: the old one's keys would make no sense to it."""
    return bool(new.get("_delete_")) or ("type" in new and "type" in old and new["type"] != old["type"])


def _copy(value: object) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
