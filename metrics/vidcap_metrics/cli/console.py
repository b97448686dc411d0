"""What the command says: aligned columns, JSON where asked for, and lines on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def print_json(data: object) -> None:
    """Data as JSON on stdout."""
    print(json.dumps(data, indent=1, default=str))


def note(message: str) -> None:
    """A line for the person, which never mixes with the output: on stderr."""
    print(message, file=sys.stderr, flush=True)


def print_columns(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows under headings, in aligned columns."""
    cells = [list(columns), *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Records as columns that have their keys as headings."""
    print_columns(list(rows[0]) if rows else [], [list(row.values()) for row in rows])
