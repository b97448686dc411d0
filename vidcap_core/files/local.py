"""A file that lies elsewhere, as a path of this machine for as long as it is read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.parquet_rows import cell
from vidcap_core.files.remote import Source, reading


@contextmanager
def local(source: Source) -> Iterator[Path]:
    """A path of this machine at which the file can be read; what lies elsewhere is fetched, and goes again."""
    if isinstance(source, Path):
        yield source
        return
    if source.column is not None:
        with content_as_file(cell(source), source.suffix[:16] or ".mp4") as path:
            yield path
        return
    descriptor, name = tempfile.mkstemp(prefix="vidcap-", suffix=source.suffix[:16])
    try:
        with os.fdopen(descriptor, "wb") as out, reading(source.url) as file:
            file.seek(source.offset)
            left = source.size
            while block := file.read(1 << 20 if left is None else min(1 << 20, left)):
                out.write(block)
                left = None if left is None else left - len(block)
        if left:
            raise DataError(f"{source}: ends {left:,} bytes too early; was {source.url} copied in part?")
        yield Path(name)
    except UserError as error:
        error.message = error.message.replace(name, str(source))  # nobody knows the fetched file's name
        raise
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def content_as_file(content: bytes, suffix: str) -> Iterator[Path]:
    """A path of this machine at which bytes can be read as a file, for a while."""
    descriptor, name = tempfile.mkstemp(prefix="vidcap-", suffix=suffix)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
