"""Where generated and downloaded things are kept, and how they get there whole."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_home() -> Path:
    """`$VIDCAP_CACHE`, else the user's cache folder."""
    given = os.environ.get("VIDCAP_CACHE")
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidcap"


def make_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that is there whole or not at all: made beside its place and renamed into it.

    Of processes that want it at the same time one makes it and the others wait.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.parent / f".{folder.name}.lock") as alone:
        for left in folder.parent.glob(f".{folder.name}.*.part") if alone else ():
            shutil.rmtree(left, ignore_errors=True)  # by a process that was killed
        return folder if folder.is_dir() else make_whole(folder, make)


def make_whole(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder made beside its place and renamed into it."""
    part = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}.part"
    try:
        make(part)
        try:
            os.rename(part, folder)
        except OSError:
            if not folder.is_dir():  # else a process that cannot lock was first, with the same content
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Held by one process at a time, where there are locks; the system lets go of it when that process dies."""
    try:
        import fcntl
    except ImportError:  # then the rename alone keeps the folder whole
        yield False
        return
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield True
