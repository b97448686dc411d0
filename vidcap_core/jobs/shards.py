"""Rows as the bytes of a shard: lines of JSON, Parquet, or a tar of clips with captions (WebDataset)."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.json_text import loads
from vidcap_core.files.local import local
from vidcap_core.files.remote import Source
from vidcap_core.jobs.rows import Row

SUFFIXES = {"jsonl": ".jsonl", "parquet": ".parquet", "webdataset": ".tar"}
"""Forms of shards, and how their files end."""


def encoded(
    form: str, rows: Sequence[Row], about: Mapping[str, str | None], sources: Sequence[Source]
) -> bytes:
    """A shard of rows, each with what is the same for the whole job; a tar has the files of `sources` too."""
    data = [{**row, **about} for row in rows]
    if form == "parquet":
        return _parquet(data)
    if form == "webdataset":
        return _tar(data, sources)
    return b"".join(_line(row) + b"\n" for row in data)


def decoded(form: str, content: bytes, where: str) -> Iterator[dict[str, Any]]:
    """The rows of a shard, in their order."""
    try:
        if form == "parquet":
            import pyarrow.parquet

            yield from pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
        elif form == "webdataset":
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    if member.name.endswith(".json") and (file := archive.extractfile(member)):
                        yield loads(file.read())
        else:
            yield from map(loads, content.splitlines())
    except (ValueError, OSError, tarfile.TarError) as error:
        raise DataError(f"{where}: is damaged: {error}", hint="vidcap job status DIR --verify") from error


def check_form(form: str) -> None:
    """Refuse a form whose package is not installed."""
    if form == "parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError as error:
            raise UserError(
                "writing Parquet needs pyarrow", hint="pip install pyarrow, or --rows jsonl"
            ) from error


def _line(row: Mapping[str, Any]) -> bytes:
    """A name that is no text (a lone surrogate) stays an escape, which JSON knows."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace")


def table(data: Sequence[Mapping[str, Any]]) -> Any:
    """Rows as a table of Arrow, with the same types whatever is missing in these rows."""
    import pyarrow as pa

    number, text = pa.float64(), pa.string()
    event = pa.struct([("start", number), ("end", number), ("text", text), ("score", number)])
    kinds = {"start": number, "end": number, "score": number, "events": pa.list_(event)}
    clean = [{key: _text(value) for key, value in row.items()} for row in data]
    return pa.Table.from_pylist(clean, pa.schema([(key, kinds.get(key, text)) for key in data[0]]))


def _parquet(data: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table(data), out, compression="zstd")
    return out.getvalue()


def _text(value: object) -> object:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _tar(data: Sequence[Mapping[str, Any]], sources: Sequence[Source]) -> bytes:
    """For each clip KEY.json and, where it has a caption, KEY.txt and its file; a key has no point in it."""
    by_name = {str(source): source for source in sources}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for row in data:
            key = str(row["id"]).replace(".", "_").replace("/", "_")
            parts = {".json": _line(row)}
            if row["caption"] is not None:
                source = by_name[row["source"]]
                parts[".txt"] = str(row["caption"]).encode("utf-8", "backslashreplace")
                with local(source) as file:
                    parts[source.suffix.lower() or ".mp4"] = file.read_bytes()
            for suffix, content in parts.items():
                member = tarfile.TarInfo(key + suffix)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return out.getvalue()
