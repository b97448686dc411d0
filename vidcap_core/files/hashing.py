"""SHA-256 of bytes and files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

BLOCK = 1 << 20


def hash_of(blocks: Iterable[bytes | memoryview]) -> str:
    """Of bytes."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return hash_of(blocks_of(file))


def blocks_of(file: IO[bytes], size: int | None = None) -> Iterator[bytes]:
    """What follows in an open file, or so many bytes of it."""
    left = size
    while block := file.read(BLOCK if left is None else min(BLOCK, left)):
        yield block
        left = None if left is None else left - len(block)
