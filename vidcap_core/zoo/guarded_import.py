"""Read the entry points of whatever is installed, and import what may print, hang or raise anything."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

import importlib_metadata

PATIENCE = 5.0
"""Seconds until an import that does not end is told by name."""


def points_of(group: str) -> list[importlib_metadata.EntryPoint]:
    """The entry points of a group; a distribution whose files cannot be read has none, and the others have theirs."""
    try:
        return list(importlib_metadata.entry_points(group=group))
    except Exception:
        points: dict[tuple[str, str], importlib_metadata.EntryPoint] = {}
        for distribution in importlib_metadata.distributions():
            with suppress(Exception):
                for point in distribution.entry_points.select(group=group):
                    points.setdefault((point.name, point.value), point)  # one may be on the path twice
        return list(points.values())


def owner_of(point: importlib_metadata.EntryPoint) -> tuple[str, str]:
    """Name and version of its distribution; `?` for what is not known."""
    name = version = None
    with suppress(Exception):  # metadata may be missing or damaged
        if point.dist:
            metadata = point.dist.metadata  # which is read and parsed each time that it is asked for
            name, version = metadata["Name"], metadata["Version"]
    return str(name or "?"), str(version or "?")


@contextmanager
def watched(what: str, disable: str) -> Iterator[None]:
    """Whatever is printed meanwhile goes to stderr; if it takes long, a line there says what it is that takes so long.

    A thread tells, as the import itself cannot. It is not ended: nothing ends Python code from outside but the end of
    its process. An import that never lets go of the interpreter (a loop in C) cannot be told either.
    """
    message = (
        f"{what} has been importing for {PATIENCE:.0f} s\n"
        f"  try: Ctrl-C, then the same with VIDCAP_DISABLE_PLUGINS={disable}\n"
    )
    timer = threading.Timer(PATIENCE, _say, [message])
    timer.daemon = True
    timer.start()
    try:
        with _stdout_kept(), redirect_stdout(sys.stderr):
            yield
    finally:
        timer.cancel()


@contextmanager
def _stdout_kept() -> Iterator[None]:
    """Meanwhile the process's own stdout is its stderr: what a command prints may be JSON for a program."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError, AttributeError):  # closed, or not there
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _say(message: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(message)
        sys.stderr.flush()
