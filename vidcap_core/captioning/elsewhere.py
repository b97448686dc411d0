"""Which videos a URL means, or an archive of many: a folder of a store, a pattern, a tar of WebDataset, Parquet."""

from __future__ import annotations

import glob
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.remote import Remote, Source, filesystem, is_url, reading, told
from vidcap_core.files.tar_members import members
from vidcap_core.video.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES

ARCHIVES = (".tar", ".parquet")
COLUMNS = ("path", "video", "video_path", "url", "file")
"""Columns of Parquet that may name videos, the first that is there."""


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
                if member.isfile() and suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES:
                    count += 1
                    yield Remote(where, member.name, member.offset_data, member.size)
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{name}: is broken behind {count} videos: {error}") from error
    if not count:
        raise DataError(f"{name}: holds no video")


def _named(name: str) -> Iterator[Source]:
    """Videos that a table names, by path or URL; a path is meant from here, or else from beside the table."""
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(f"{name}: reading Parquet needs pyarrow", hint="pip install pyarrow") from error
    where = name if is_url(name) else os.path.abspath(name)
    with reading(where) as file:
        try:
            table = pq.ParquetFile(file)
            names = table.schema_arrow.names
            column = next((each for each in COLUMNS if each in names), None)
            if column is None or "string" not in str(table.schema_arrow.field(column).type):
                raise DataError(
                    f"{name}: has no column of text named {', '.join(COLUMNS)}; it has {', '.join(names)}",
                    hint="videos as bytes: write them as a tar of WebDataset",
                )
            for batch in table.iter_batches(columns=[column]):
                for text in batch.column(0).to_pylist():
                    if text is not None:
                        yield _named_file(str(text), name)
        except (ValueError, OSError) as error:  # pyarrow's own are kinds of these
            raise DataError(f"{name}: is no Parquet, or damaged: {error}") from error


def _named_file(text: str, table: str) -> Source:
    if is_url(text):
        return Remote(text)
    if is_url(table) or os.path.lexists(text):
        return Path(text)
    return Path(os.path.join(os.path.dirname(table), text))


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
