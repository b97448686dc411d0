"""A Parquet file with a sample a row, read forwards."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcap_core.datasets.shards.fields import Fields, wanted_columns
from vidcap_core.files.parquet_rows import KEYS, ParquetRows

if TYPE_CHECKING:
    import pyarrow as pa


class ParquetShard:
    """Rows come in their order, or later ones of it; `wanted`: columns besides captions."""

    def __init__(self, name: str, wanted: Collection[str]) -> None:
        self.name = name
        self._rows = ParquetRows(name)
        self._rows.columns = list(wanted_columns(self._rows.columns, wanted))

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, index: int) -> Fields:
        """A row; one behind the last that was read costs least."""
        values = {name: plain(value) for name, value in self._rows.row(index).items()}
        key = next((str(values[name]) for name in KEYS if values.get(name) is not None), str(index))
        return Fields(key, f"{self.name}, row {index}", values)

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()


def plain(value: pa.Scalar) -> Any:
    """A value of Arrow as bytes, text, number, or an array of NumPy of its own: the batch it came from may go."""
    import pyarrow as pa

    if not value.is_valid:
        return None
    if isinstance(value, pa.StructScalar):  # a file of Hugging Face `datasets`
        found = value.as_py()
        return found.get("bytes", found)
    if not isinstance(value, pa.ListScalar):
        return value.as_py()
    rows = value.values
    if not len(rows) or not isinstance(rows, (pa.ListArray, pa.LargeListArray, pa.FixedSizeListArray)):
        return value.as_py()
    flat = rows.flatten()
    numbers = pa.types.is_floating(flat.type) or pa.types.is_integer(flat.type)
    if len(flat) % len(rows) or flat.null_count or not numbers:
        return value.as_py()
    return np.array(flat.to_numpy(zero_copy_only=False)).reshape(len(rows), -1)
