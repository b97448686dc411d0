"""Text files that are there whole or not at all: written beside their place and renamed into it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A file to write, which takes its place when the block ends well."""
    part = path.with_name(f".{uuid.uuid4().hex[:8]}.part")  # a name of its own may be too long
    try:
        with part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            yield file
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text."""
    with written_whole(path) as file:
        file.write(text)


def write_json(path: Path, data: Any) -> None:
    """Write plain data."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False))
