"""The folder of uploads: gone when the server ends, however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vidcap_metrics.files.lock import Lock

PREFIX = "vidcap-serve-"
LOCK = ".held"


class Scratch:
    """A private folder, held by a lock that the system lets go of when this process dies."""

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = Lock(self.folder / LOCK)

    def remove(self) -> None:
        """Remove it and all that is inside."""
        self._lock.release()  # Windows removes no file that is open
        shutil.rmtree(self.folder, ignore_errors=True)


def sweep() -> None:
    """Remove the folders of servers that could not: their processes were killed, all at once."""
    for folder in _ours():
        if not (folder / LOCK).exists():  # just being made, or just being removed
            continue
        try:
            with Lock(folder / LOCK) as lock:
                free = lock.held
        except OSError:  # its server still runs, or it is just being removed
            continue
        if free:
            shutil.rmtree(folder, ignore_errors=True)


def _ours() -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        if not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid():
            yield folder
