"""Files and folders that are there whole or not at all: written beside their place and renamed into it."""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

LONGEST = 143
"""Bytes of a file's name that every file system takes; encrypted ones take no more."""


def whole_file(path: Path, durable: bool = False) -> AbstractContextManager[IO[bytes]]:
    """A file to write and read, which takes its place when the block ends well; `durable`: before a power cut can."""
    return _opened(path, durable, "w+b")


def whole_text(path: Path, durable: bool = False) -> AbstractContextManager[IO[str]]:
    """The same for text."""
    return _opened(path, durable, "w", encoding="utf-8", errors="backslashreplace", newline="\n")


def write_text(path: Path, text: str, durable: bool = False) -> None:
    """Write a text."""
    with whole_text(path, durable) as file:
        file.write(text)


def write_json(path: Path, data: object) -> None:
    """Write plain data."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False))


@contextmanager
def whole_folder(folder: Path, replace: bool = False) -> Iterator[Path]:
    """A path at which the block makes a folder, which takes its place when the block ends well.

    An empty folder makes room for it; one that holds something makes way only with `replace`, else it is an OSError.
    """
    old = None
    with _renamed(folder) as part:
        yield part
        if replace and folder.exists():
            old = _beside(folder)
            os.rename(folder, old)
        elif folder.is_dir():
            folder.rmdir()  # Windows renames nothing onto a folder
    if old is not None:
        shutil.rmtree(old)


def check_writable(folder: Path) -> None:
    """Raise an OSError where nothing could be written into a folder; one that is not there is not left behind."""
    made: list[Path] = []
    try:
        for path in reversed((folder, *folder.parents)):
            if not path.exists():
                path.mkdir()
                made.append(path)
        with tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        for path in reversed(made):
            with suppress(OSError):  # another process put something there meanwhile
                path.rmdir()


def remove_parts(folder: Path, name: str | None = None) -> None:
    """Remove what killed writers left in a folder, of one name or of all; the caller keeps living ones out."""
    start = "*" if name is None else f"{glob.escape(name)}."
    for part in folder.glob(f".{start}{'[0-9a-f]' * 8}.part"):
        _remove(part)


@contextmanager
def _opened(path: Path, durable: bool, mode: str, **text: Any) -> Iterator[IO[Any]]:
    with _renamed(path, durable) as part, part.open(mode, **text) as file:
        yield file
        file.flush()
        if durable:
            os.fsync(file.fileno())


@contextmanager
def _renamed(path: Path, durable: bool = False) -> Iterator[Path]:
    """A path beside another, for what takes that one's place when the block ends well, and is removed otherwise."""
    part = _beside(path)
    try:
        yield part
        os.replace(part, path)
        if durable:
            _sync_folder(path.parent)
    finally:
        _remove(part)


def _beside(path: Path) -> Path:
    """A name that nothing else has, hidden, with that of the path in it where it is not too long."""
    end = f".{uuid.uuid4().hex[:8]}.part"
    name = f".{path.name}{end}"
    return path.with_name(name if len(os.fsencode(name)) <= LONGEST else end)


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
        return
    with suppress(OSError):
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Or the rename itself may be lost with the power."""
    if os.name == "nt":  # no folder can be opened there, and its file system keeps a journal of names
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
