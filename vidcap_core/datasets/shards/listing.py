"""Which shards there are, and how many samples each has, without opening one."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vidcap_core.errors import DataError
from vidcap_core.files.json_text import loads
from vidcap_core.files.remote import filesystem, is_url, told

SUFFIXES = (".tar", ".parquet")
SIZES = "sizes.json"
"""Beside shards: {"name.tar": samples, ...}, as other programs write it too."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A shard by its name or URL; `samples` where a file beside it says so."""

    name: str
    bytes: int
    samples: int | None = None


def listed(path: str | Sequence[str]) -> list[Listed]:
    """The shards of folders, patterns, files and URLs, in the order of their names."""
    found = sorted({each for one in ([path] if isinstance(path, str) else path) for each in _named(one)})
    sizes: dict[str, Mapping[str, int]] = {}
    for name, _ in found:
        folder = name.rpartition("/")[0]
        if folder not in sizes:
            sizes[folder] = _sizes(f"{folder}/{SIZES}")
    return [
        Listed(name, size, sizes[name.rpartition("/")[0]].get(name.rpartition("/")[2]))
        for name, size in found
    ]


def fingerprint(shards: Sequence[Listed]) -> str:
    """A hash of the shards' own names and sizes: to read them all would take hours."""
    lines = [f"{shard.name.rpartition('/')[2]} {shard.bytes}" for shard in shards]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _named(path: str) -> list[tuple[str, int]]:
    """Names and bytes of what a person wrote."""
    pattern = path if is_url(path) else str(Path(path).expanduser().absolute())
    system, inside = filesystem(pattern)
    with told(path):
        if glob.has_magic(inside):
            found = {name: info for name, info in system.glob(inside, detail=True).items() if _is_shard(name)}
        elif system.isdir(inside):
            found = {str(i["name"]): i for i in system.ls(inside, detail=True) if _is_shard(str(i["name"]))}
        else:
            found = {inside: system.info(inside)}
    if not found:
        raise DataError(
            f"{path}: there are no shards",
            hint="a folder or a pattern ('data/*.tar') of .tar or .parquet files",
        )
    if not _is_shard(next(iter(found))):
        raise DataError(f"{path}: is no shard", hint="a .tar (WebDataset, not compressed) or a .parquet file")
    return [(_full(system, name, pattern), int(info["size"])) for name, info in found.items()]


def _full(system: object, name: str, pattern: str) -> str:
    return str(system.unstrip_protocol(name)) if is_url(pattern) else name  # type: ignore[attr-defined]


def _is_shard(name: str) -> bool:
    return PurePosixPath(name).suffix in SUFFIXES


def _sizes(where: str) -> Mapping[str, int]:
    system, inside = filesystem(where)
    with told(where):
        try:
            content = system.cat_file(inside)
        except FileNotFoundError:
            return {}
    try:
        data = loads(content)
    except ValueError as error:
        raise DataError(f"{where}: is damaged: {error}", hint="remove it, or write it again") from error
    good = isinstance(data, dict) and all(type(count) is int and count >= 0 for count in data.values())
    if not good:
        raise DataError(f"{where}: is not of the form {{'name.tar': samples, ...}}", hint="remove it")
    return dict(data)
