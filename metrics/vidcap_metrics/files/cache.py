"""Where generated and downloaded things are kept, and how they get there whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from vidcap_metrics.files.atomic import remove_parts, whole_folder
from vidcap_metrics.files.lock import Lock


def cache_home() -> Path:
    """`$VIDCAP_CACHE`, else `vidcap` in `%LOCALAPPDATA%` on Windows, in `$XDG_CACHE_HOME` or `~/.cache` elsewhere."""
    given = os.environ.get("VIDCAP_CACHE")
    if given:
        return Path(given).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "vidcap"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidcap"


def make_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that is there whole or not at all; `make` makes one at the path that it is given.

    Of processes that want it at the same time one makes it and the others wait.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Lock(folder.parent / f".{folder.name}.lock", wait=True) as lock:
        if lock.held:
            remove_parts(folder.parent, folder.name)  # of a process that was killed
        if folder.is_dir():
            return folder
        try:
            with whole_folder(folder) as part:
                make(part)
        except OSError:
            if lock.held or not folder.is_dir():
                raise  # else a process that could not be kept out was first, with the same content
    return folder
