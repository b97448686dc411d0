"""What commands say: tables and progress bars on a terminal, plain text in a pipe, JSON where asked for."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from vidcap_metrics.cli.console import note as note
from vidcap_metrics.cli.console import print_columns
from vidcap_metrics.cli.console import print_json as print_json

Advance = Callable[[int], None]


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option every command has whose output a script would want."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def on_terminal(stream: object = None) -> bool:
    """Whether a person looks at it."""
    return bool(getattr(stream or sys.stdout, "isatty", lambda: False)())


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Rows under headings: a drawn table on a terminal, aligned columns in a pipe."""
    cells = [["" if cell is None else _printable(cell) for cell in row] for row in rows]
    if on_terminal():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(title=title, title_justify="left", header_style="bold")
        for column in columns:
            drawn.add_column(column, overflow="fold")
        for row in cells:
            drawn.add_row(*map(Text, row))
        Console().print(drawn)
        return
    if title:
        print(title)
    print_columns(columns, cells)


def _printable(cell: object) -> str:
    """Half a surrogate, as a file's name may hold, cannot be written to a terminal."""
    return str(cell).encode(errors="backslashreplace").decode()


def show(
    rows: Sequence[Mapping[str, Any]], as_json: bool, title: str | None = None, empty: str = "nothing"
) -> None:
    """Records as a table whose columns are their keys, or as JSON."""
    if as_json:
        print_json(list(rows))
    elif not rows:
        print(f"{title}: {empty}" if title else empty)
    else:
        table(list(rows[0]), [list(row.values()) for row in rows], title)


@contextmanager
def progress(text: str, total: int | None) -> Iterator[Advance]:
    """A bar on a terminal, a line at the start and the end in a pipe; call what it gives with each step."""
    if on_terminal(sys.stderr):
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(text, total=total)
            yield lambda done: bar.update(task, advance=done)
        return
    count, start = [0], time.monotonic()

    def advance(done: int) -> None:
        count[0] += done

    note(f"{text} ..." if total is None else f"{text}: {total} ...")
    yield advance
    note(f"{text}: {count[0]} done in {time.monotonic() - start:.1f} s")


def track(items: Iterable[Any], text: str, total: int | None = None) -> Iterator[Any]:
    """The items, with a bar that moves as they are taken."""
    if total is None and isinstance(items, Sequence):
        total = len(items)
    with progress(text, total) as advance:
        for item in items:
            yield item
            advance(1)
