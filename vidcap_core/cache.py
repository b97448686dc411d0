"""Where generated and downloaded things are kept, and how they get there whole."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path


def cache_home() -> Path:
    """`$VIDCAP_CACHE`, else the user's cache folder."""
    given = os.environ.get("VIDCAP_CACHE")
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidcap"


def make_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that is there whole or not at all: made beside its place and renamed into it.

    Processes that make the same folder at the same time do not meet: the first to finish wins.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}.part"
    try:
        make(part)
        try:
            os.rename(part, folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, with the same content
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder
