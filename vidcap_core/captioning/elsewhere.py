"""Which videos a URL means, or an archive of many: a folder of a store, a pattern, a tar of WebDataset, Parquet."""

from __future__ import annotations

import glob
import os
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.parquet_rows import KEYS, ParquetRows
from vidcap_core.files.remote import Remote, Source, filesystem, is_url, reading, told
from vidcap_core.files.tar_members import members
from vidcap_core.video.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES

ARCHIVES = (".tar", ".parquet")
COLUMNS = ("video", "mp4", "path", "video_path", "url", "file")
"""Columns of Parquet that may hold or name videos, the first that is there."""


def is_archive(name: str) -> bool:
    """Whether a file holds or names many videos, by its name."""
    return name.split("?", 1)[0].lower().endswith(ARCHIVES)


def videos_of(name: str) -> Iterator[Source | tuple[str, str]]:
    """Each video behind a URL or in an archive; what cannot be listed to its end gives its name and the reason."""
    try:
        yield from _videos_of(name)
    except UserError as error:
        yield name, error.line.removeprefix(f"{name}: ")


def _videos_of(name: str) -> Iterator[Source | tuple[str, str]]:
    if not glob.has_magic(name):
        if is_archive(name):
            yield from _inside(name)
            return
        if _suffix(name.split("?", 1)[0]) in VIDEO_SUFFIXES | PICTURE_SUFFIXES:
            yield Remote(name)  # whether it is there shows when it is read: a list may have millions
            return
    system, path = filesystem(name)
    with told(name):
        if glob.has_magic(path):
            found = sorted(system.glob(path))
        elif system.isdir(path):
            below = sorted(system.find(path))
            found = [file for file in below if _suffix(file) in VIDEO_SUFFIXES or is_archive(file)]
            found = found or [file for file in below if _suffix(file) in PICTURE_SUFFIXES]
        else:
            yield Remote(name)
            return
    if not found:
        yield name, "there is no video"
    for file in found:
        url = str(system.unstrip_protocol(file))
        if is_archive(url):
            yield from videos_of(url)
        else:
            yield Remote(url)


def _inside(name: str) -> Iterator[Source]:
    return _members(name) if name.split("?", 1)[0].lower().endswith(".tar") else _named(name)


def _members(name: str) -> Iterator[Remote]:
    """Videos in a tar, by where their bytes lie; only headers are read."""
    where = name if is_url(name) else os.path.abspath(name)
    count = 0
    with reading(where) as file:
        try:
            for member in members(file):
                suffix = _suffix(member.name)
                if suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES:
                    count += 1
                    yield Remote(where, *member)
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{name}: is broken behind {count} videos: {error}") from error
    if not count:
        raise DataError(f"{name}: holds no video")


def _named(name: str) -> Iterator[Source]:
    """Videos that a table holds as bytes, or names by path or URL: from here, or else from beside the table."""
    where = name if is_url(name) else os.path.abspath(name)
    with closing(ParquetRows(where)) as rows:
        column, holds = _column(rows)
        if holds:
            yield from _held(where, column, rows)
            return
        rows.columns = [column]
        for index in range(len(rows)):
            text = rows.row(index)[column].as_py()
            if text is not None:
                yield _named_file(str(text), name)


def _column(rows: ParquetRows) -> tuple[str, bool]:
    """The column of videos, and whether it holds them."""
    for column in (each for each in COLUMNS if each in rows.schema.names):
        kind = str(rows.schema.field(column).type)
        if "binary" in kind or kind.startswith("struct<bytes"):
            return column, True
        if "string" in kind and not kind.startswith(("struct", "list")):
            return column, False
    raise DataError(
        f"{rows.name}: has no column of paths or videos named {', '.join(COLUMNS)}; "
        f"it has {', '.join(rows.schema.names)}",
        hint="a column of that name: text, bytes, or a struct of bytes and path",
    )


def _held(where: str, column: str, rows: ParquetRows) -> Iterator[Remote]:
    """Videos by their rows, which are not read yet; named by their path or key where the table has one."""
    keys = [each for each in KEYS if each in rows.schema.names]
    rows.columns = keys[:1]
    for index in range(len(rows)):
        key = rows.row(index)[keys[0]].as_py() if keys else None
        name = str(index if key is None else key)
        yield Remote(where, name if _suffix(name) in VIDEO_SUFFIXES else f"{name}.mp4", index, column=column)


def _named_file(text: str, table: str) -> Source:
    if is_url(text):
        return Remote(text)
    if is_url(table) or os.path.lexists(text):
        return Path(text)
    return Path(os.path.join(os.path.dirname(table), text))


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
