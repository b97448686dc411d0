"""Annotation files as text or JSON, plain, gzipped or zipped, with errors that name the file."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from vidcap_core.errors import DataError
from vidcap_core.files.json_text import loads


def read_text(path: Path) -> str:
    """The text of a file; of a zip, its one member named like it, or its only data file."""
    try:
        if path.suffix == ".gz":
            raw = gzip.decompress(path.read_bytes())
        elif path.suffix == ".zip":
            raw = _member(path)
        else:
            raw = path.read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8",
            hint=f"save it as UTF-8, e.g. iconv -f ITS_ENCODING -t UTF-8 {path.name}",
        ) from error
    except (
        OSError,
        EOFError,
        zlib.error,
        zipfile.BadZipFile,
        RuntimeError,
    ) as error:  # encrypted, packed oddly
        raise DataError(f"{path}: cannot be read: {error}", hint="get the file again") from error


def read_json(path: Path) -> Any:
    """The data of a JSON file."""
    try:
        return loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})",
            hint="get the file again",
        ) from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error})", hint="get the file again") from error


def _member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.startswith("__MACOSX") and not n.endswith("/")]
        wanted = [n for n in names if Path(n).name == path.stem] or [
            n for n in names if n.endswith((".json", ".csv"))
        ]
        if len(wanted) != 1:
            raise DataError(
                f"{path}: holds {len(wanted)} annotation files: {', '.join(names[:5])}", hint="unzip it"
            )
        return archive.read(wanted[0])
