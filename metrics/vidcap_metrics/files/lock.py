"""A lock between processes, which the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import errno
import importlib
import os
import time
import weakref
from pathlib import Path
from types import ModuleType, TracebackType

from vidcap_metrics.errors import UserError

NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
EVERY = 0.05
"""Seconds between two tries on Windows, where nothing can wait for a lock as long as it takes."""


class Lock:
    """A lock on a file, which is made if need be and never removed.

    `flock` where there is `fcntl`, and the first byte by `msvcrt` on Windows. Where there is neither, `held` is False:
    nobody is kept out.
    """

    def __init__(self, path: Path, wait: bool = False) -> None:
        """Take it; BlockingIOError where another has it, unless one waits."""
        self._file = path.open("ab")
        self.held = True
        try:
            if fcntl := _module("fcntl"):
                _flock(fcntl, self._file.fileno(), path, wait)
            elif msvcrt := _module("msvcrt"):
                _take_byte(msvcrt, self._file.fileno(), path, wait)
            else:
                self.held = False
        except BaseException:
            self._file.close()
            raise
        _HELD.add(self)

    def release(self) -> None:
        """Let go of it; a second time does nothing."""
        if self.held and (msvcrt := _module("msvcrt")):  # closing alone frees it there at some later time
            msvcrt.locking(self._file.fileno(), msvcrt.LK_UNLCK, 1)
        self._file.close()
        self.held = False

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


_HELD: weakref.WeakSet[Lock] = weakref.WeakSet()


def _let_go() -> None:
    """In a forked process: a worker must not hold the lock of one that was killed until it notices."""
    for lock in list(_HELD):
        lock._file.close()
        lock.held = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _flock(fcntl: ModuleType, file: int, path: Path, wait: bool) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        raise UserError(
            f"{path.parent} lies on a file system without locks (flock): {error.strerror}",
            hint="mount it with them (Lustre: -o flock), or another folder: --work-dir, VIDCAP_CACHE",
        ) from error


def _take_byte(msvcrt: ModuleType, file: int, path: Path, wait: bool) -> None:
    while True:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            return
        except PermissionError as error:  # what Windows says of a byte that another has
            if not wait:
                raise BlockingIOError(error.errno, "another process holds the lock", str(path)) from error
        time.sleep(EVERY)


def _module(name: str) -> ModuleType | None:
    """A module that not every system has."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
