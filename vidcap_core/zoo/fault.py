"""Where an unexpected error arose: in whose code, in which file, in which line."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from vidcap_core.zoo.plugins import discover

CORE = Path(__file__).resolve().parents[1]
STANDARD = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
INSTALLED = {"site-packages", "dist-packages"}


def fault(error: BaseException) -> str | None:
    """`plugin, file:line` of the last call in a plugin's or a user's own code, else in the core.

    What these call (torch, numpy, the standard library) is passed over: there the error only shows.
    """
    return author_fault(error) or _last(error, _of_core)


def author_fault(error: BaseException) -> str | None:
    """The same in a plugin's or a user's own code; None where the error passed through none."""
    plugins = {
        plugin.module.__name__.partition(".")[0]: plugin.name
        for plugin in discover().values()
        if plugin.module is not None and plugin.name != "core"
    }
    return _last(error, lambda frame: _of_author(frame, plugins))


def _last(error: BaseException, owner: Callable[[FrameType], str | None]) -> str | None:
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if file := owner(frame):
            return f"{file}:{line}"
    return None


def _of_core(frame: FrameType) -> str | None:
    path = _path(frame)
    return f"vidcap_core, {path.relative_to(CORE).as_posix()}" if path.is_relative_to(CORE) else None


def _of_author(frame: FrameType, plugins: dict[str, str]) -> str | None:
    """A plugin's package, or a file that belongs neither to the core nor to Python nor to an installed package."""
    path = _path(frame)
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    if package in plugins:
        parts = path.parts
        inside = parts[parts.index(package) + 1 :] if package in parts[:-1] else parts[-1:]
        return f"{plugins[package]}, {'/'.join(inside)}"
    installed = INSTALLED & set(path.parts) or any(
        path.is_relative_to(folder) for folder in (CORE, *STANDARD)
    )
    return f"{package}, {path.name}" if path.is_file() and not installed else None


def _path(frame: FrameType) -> Path:
    return Path(frame.f_code.co_filename).resolve()
