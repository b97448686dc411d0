"""The folder of uploads: gone when the server ends, however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PREFIX = "vidcap-serve-"
LOCK = ".held"


class Scratch:
    """A private folder, held by a lock that the system lets go of when this process dies."""

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = (self.folder / LOCK).open("w")
        _take(self._lock)

    def remove(self) -> None:
        """Remove it and all that is inside."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def sweep() -> None:
    """Remove the folders of servers that could not: their processes were killed, all at once."""
    for folder in _ours():
        try:
            with (folder / LOCK).open("r+") as lock:
                if _take(lock):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # just being made, or just being removed
            continue


def _ours() -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        if not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid():
            yield folder


def _take(lock: IO[str]) -> bool:
    """Whether the lock is ours now; never where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
