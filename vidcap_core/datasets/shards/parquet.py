"""A Parquet file with a sample a row, read forwards, a few rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import numpy as np

from vidcap_core.datasets.shards.fields import Fields, wanted_columns
from vidcap_core.errors import DataError, UserError
from vidcap_core.files.remote import reading

ROWS = 32
"""That are in memory at a time, besides those that wait."""
KEYS = ("__key__", "key", "id")


class ParquetShard:
    """Rows come in their order, or later ones of it; `wanted`: columns besides captions."""

    def __init__(self, name: str, wanted: Collection[str]) -> None:
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
        self._columns = list(wanted_columns(self._file.schema_arrow.names, wanted))
        self._first, self._rows = 0, None  # type: int, Any
        self._batches: Iterator[Any] = iter(())

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def read(self, index: int) -> Fields:
        """A row; one behind the last that was read costs least."""
        try:
            while self._rows is None or not self._first <= index < self._first + self._rows.num_rows:
                self._go_to(index)
            row = self._rows.slice(index - self._first, 1)
            values = {name: plain(row.column(name)[0]) for name in self._columns}
        except (ValueError, OSError) as error:
            raise DataError(f"{self.name}: is broken at row {index}: {error}", hint="get it again") from error
        key = next((str(values[name]) for name in KEYS if values.get(name) is not None), str(index))
        return Fields(key, f"{self.name}, row {index}", values)

    def close(self) -> None:
        """Let go of the file."""
        self._rows, self._batches = None, iter(())
        self._held.close()

    def __enter__(self) -> ParquetShard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _go_to(self, index: int) -> None:
        """The next rows; from the beginning of its row group where that is nearer, or where it lies behind."""
        first = 0
        for group in range(self._file.metadata.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            if first <= index < first + size:
                break
            first += size
        follows = None if self._rows is None else self._first + self._rows.num_rows
        if follows is None or index < follows or first > follows:
            groups = list(range(group, self._file.metadata.num_row_groups))
            self._batches = self._file.iter_batches(ROWS, row_groups=groups, columns=self._columns)
            follows = first
        self._first, self._rows = follows, next(self._batches)


def plain(value: Any) -> Any:
    """A value of Arrow as bytes, text, number, or an array of NumPy of its own: the batch it came from may go."""
    import pyarrow as pa

    if not value.is_valid:
        return None
    if isinstance(value, pa.StructScalar):  # files of Hugging Face `datasets`
        parts = {name: value[name] for name in value.keys()}  # noqa: SIM118
        return plain(parts["bytes"]) if "bytes" in parts else value.as_py()
    if not isinstance(value, pa.ListScalar) or (not pa.types.is_list(value.type) and not _fixed(value.type)):
        return value.as_py()
    rows = value.values
    if not (pa.types.is_list(rows.type) or _fixed(rows.type)) or not len(rows):
        return value.as_py()
    flat = rows.flatten()
    if len(flat) % len(rows) or flat.null_count or not _numbers(flat.type):
        return value.as_py()
    return np.array(flat.to_numpy(zero_copy_only=False)).reshape(len(rows), -1)


def _fixed(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind))


def _numbers(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
