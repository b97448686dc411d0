"""What a run recorded step by step, line by line, as numbers; whoever could write the file may have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from vidcap_core.errors import DataError
from vidcap_core.files.json_text import loads


class Scalar(NamedTuple):
    """A number of a step."""

    name: str
    step: float
    value: float


def read(file: Path) -> Iterator[Scalar]:
    """Every number, in the order of writing; the line that a killed run was writing is left out."""
    lines = file.read_bytes().splitlines() if file.is_file() else []
    for index, line in enumerate(lines):
        try:
            numbers = _numbers(line)
        except ValueError as error:
            if index == len(lines) - 1:
                return
            raise DataError(
                f"{file}, line {index + 1}: {error}", hint=f"mend the line, or move {file.name} away"
            ) from None
        yield from numbers


def _numbers(line: bytes) -> list[Scalar]:
    """Those of a line; a ValueError for what is none."""
    record = loads(line)
    if not isinstance(record, dict) or not isinstance(record.get("step"), (int, float)):
        raise ValueError("no object with a step")
    try:
        step = float(record.pop("step"))
        values = [
            Scalar(name, step, float(value))
            for name, value in record.items()
            if isinstance(value, (int, float))
        ]
    except OverflowError:
        raise ValueError("a number beyond all bounds") from None
    if not math.isfinite(step):
        raise ValueError(f"the step {step}")
    return values
