"""The rows of a job as one file, each source once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from vidcap_core.errors import UserError
from vidcap_core.jobs.digests import joined, packed, plain, repeated
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.rows import digest
from vidcap_core.jobs.status import facts_of, rows_of_shard
from vidcap_metrics.files.atomic import whole_file

SUFFIXES = (".jsonl", ".parquet")
GROUP = 10_000
"""Rows that are in memory at a time."""


def merge(output: Output, to: Path) -> int:
    """Write all rows into a file of lines of JSON, or of Parquet; gives their number.

    A file that failed and was captioned later has the later rows; one that two drivers did has those of the shard
    whose name comes first.
    """
    if to.suffix not in SUFFIXES:
        raise UserError(
            f"{to}: rows are merged into .jsonl or .parquet", hint="vidcap job merge DIR ALL.jsonl"
        )
    if to.exists():
        raise UserError(f"{to} is there already", hint="another name, or remove it")
    facts = facts_of(output)
    rows = _rows(output, facts["rows"])
    to.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(to) as file:
        if to.suffix == ".jsonl":
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            return sum(file.write(line.encode("utf-8", "backslashreplace")) > 0 for line in lines)
        return _parquet(rows, file)


def _rows(output: Output, form: str) -> Iterator[dict[str, Any]]:
    done = joined(packed(entry.done) for entry in output.entries())
    failed = joined(packed(entry.failed) for entry in output.entries())
    several, mended = repeated(joined([done, failed])), plain(failed[np.isin(failed, done)])
    written: set[str] = set()
    for entry in output.entries():
        superseded = mended.intersection(entry.failed)
        here: set[str] = set()
        for row in rows_of_shard(output, form, entry):
            source = digest(row["source"])
            if source in superseded or source in written:
                continue
            if source in several:
                here.add(source)
            yield row
        written |= here


def _parquet(rows: Iterator[dict[str, Any]], file: IO[bytes]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from vidcap_core.jobs.shards import table

    count, writer = 0, None
    group: list[dict[str, Any]] = []

    def write() -> None:
        nonlocal writer
        made = table(group)
        writer = writer or pq.ParquetWriter(pa.PythonFile(file, "w"), made.schema, compression="zstd")
        writer.write_table(made)
        group.clear()

    for row in rows:
        group.append(row)
        count += 1
        if len(group) >= GROUP:
            write()
    if group:
        write()
    if writer is not None:
        writer.close()
    return count
