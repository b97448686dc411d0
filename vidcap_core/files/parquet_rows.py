"""Rows of a Parquet file, a few at a time: a file of videos may be larger than the memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.remote import Remote, reading

KEYS = ("__key__", "key", "id")
"""Columns that may name a row, the first that is there."""
ROWS = 8
"""That are in memory at a time: they may be videos."""


class ParquetRows:
    """An open file whose rows are read forwards; one that lies behind costs its row group again."""

    def __init__(self, name: str) -> None:
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            raise UserError(f"{name}: reading Parquet needs pyarrow", hint="pip install pyarrow") from error
        self.name = name
        self._held = ExitStack()
        try:
            file = self._held.enter_context(reading(name))
            self._file = pq.ParquetFile(file, buffer_size=1 << 20, page_checksum_verification=True)
        except (ValueError, OSError) as error:  # pyarrow's own are kinds of these
            self.close()
            raise DataError(f"{name}: is no Parquet, or damaged: {error}") from error
        except BaseException:
            self.close()
            raise
        self.schema: Any = self._file.schema_arrow
        self.columns: Sequence[str] = self.schema.names
        """Those that are read; fewer of them cost less."""
        self._first = 0
        self._rows: Any = None
        self._batches: Iterator[Any] = iter(())

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def row(self, index: int) -> dict[str, Any]:
        """The values of Arrow of a row, by column."""
        try:
            while self._rows is None or not self._first <= index < self._first + self._rows.num_rows:
                self._go_to(index)
            at = index - self._first
            return {name: self._rows.column(name)[at] for name in self.columns}
        except (ValueError, OSError, StopIteration) as error:
            raise DataError(f"{self.name}: is broken at row {index}: {error}", hint="get it again") from error

    def close(self) -> None:
        """Let go of the file."""
        self._rows, self._batches = None, iter(())
        self._held.close()

    def _go_to(self, index: int) -> None:
        """The next rows; from the beginning of its row group where that is nearer, or where it lies behind."""
        groups, first = self._file.metadata.num_row_groups, 0
        for group in range(groups):
            size = self._file.metadata.row_group(group).num_rows
            if first <= index < first + size:
                break
            first += size
        follows = None if self._rows is None else self._first + self._rows.num_rows
        if follows is None or index < follows or first > follows:
            self._batches = self._file.iter_batches(
                ROWS, row_groups=list(range(group, groups)), columns=list(self.columns)
            )
            follows = first
        self._first, self._rows = follows, next(self._batches)


class _LastRead(threading.local):
    """A thread reads the rows of one file after the other: it keeps the last one open."""

    rows: ParquetRows | None = None


_last = _LastRead()


def cell(source: Remote) -> bytes:
    """The bytes of a file that a row holds: as they are, or as Hugging Face `datasets` packs them."""
    assert source.column is not None
    rows = _last.rows
    if rows is None or rows.name != source.url or list(rows.columns) != [source.column]:
        if rows is not None:
            rows.close()
        _last.rows = rows = ParquetRows(source.url)
        rows.columns = [source.column]
    value = rows.row(source.offset)[source.column].as_py()
    found = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(found, bytes):
        raise DataError(f"{source}: holds no video")
    return found
