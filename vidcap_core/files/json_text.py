"""JSON that anybody may have written: whatever is wrong with it is a ValueError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LARGEST = 1 << 30
"""Bytes of a file of JSON, which takes several times as many when it is read."""


def loads(text: str | bytes) -> Any:
    """The data of a JSON text; one that is nested too deeply to be read is no JSON either."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_object(file: Path) -> dict[str, Any]:
    """The object that a JSON file holds."""
    if not file.is_file():  # a pipe of that name would be waited for
        raise ValueError("there is no such file")
    if file.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    try:
        data = loads(file.read_bytes())
    except OSError as error:
        raise ValueError(error.strerror) from error
    if not isinstance(data, dict):
        raise ValueError(f"it holds {type(data).__name__}, not an object")
    return data
