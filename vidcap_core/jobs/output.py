"""The folder of a job, here or in an object store: shards of rows, a manifest of each, and whose job it is.

A shard is put in place whole, then its manifest: only what has a manifest counts. So a kill at any moment loses the
files that were in work, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.hashing import hash_of
from vidcap_core.files.json_text import loads
from vidcap_core.files.remote import Source, filesystem, told
from vidcap_core.jobs.rows import Row, digest
from vidcap_core.jobs.shards import SUFFIXES, encoded
from vidcap_metrics.files.atomic import whole_file

JOB, SHARDS, MANIFEST = "job.json", "shards", "manifest"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """The manifest of a shard: its hash, and which files it holds, by the digests of their names."""

    file: str
    sha256: str
    bytes: int
    rows: int
    done: tuple[str, ...]
    failed: tuple[str, ...]


class Output:
    """Reads and writes the folder of a job; `root` may be a path or any URL that fsspec knows."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._system, self._base = filesystem(root)
        kinds = self._system.protocol
        on_disk = "file" in ((kinds,) if isinstance(kinds, str) else kinds)
        self.here = Path(self._base) if on_disk else None

    def __str__(self) -> str:
        return self.root

    def facts(self) -> dict[str, Any] | None:
        """What made the rows of this folder, or None where nothing did yet."""
        content = self.get(JOB)
        return None if content is None else _object(content, f"{self.root}/{JOB}")

    def claim(self, form: str, facts: Mapping[str, Any]) -> None:
        """The folder belongs to one job: another model or another way to decode must not be mixed in."""
        now = json.loads(json.dumps({"version": VERSION, "rows": form, **facts}))
        before = self.facts()
        if before is None:
            if self.names("") or self.names(SHARDS):
                raise UserError(f"{self.root} is not empty, and no job made it", hint="another --out")
            self.put(JOB, json.dumps(now, indent=1, ensure_ascii=False).encode())
        elif before != now:
            other = [key for key in {**before, **now} if before.get(key) != now.get(key)]
            was = ", ".join(f"{key} {before.get(key)}, now {now.get(key)}" for key in other)
            raise UserError(f"{self.root} holds the rows of another job: {was}", hint="another --out")

    def add(
        self, form: str, rows: Sequence[Row], about: Mapping[str, str | None], sources: Sequence[Source]
    ) -> Entry:
        """Write a shard of all rows of some files, and then its manifest; its name follows from the files."""
        bad = {row["source"] for row in rows if row["error"] is not None}
        done = sorted(digest(source) for source in sources if str(source) not in bad)
        failed = sorted(digest(source) for source in sources if str(source) in bad)
        content = encoded(form, rows, about, sources)
        sha256 = hash_of([content])
        name = f"rows-{hash_of([''.join([*done, *failed]).encode(), sha256.encode()])[:16]}"
        entry = Entry(f"{name}{SUFFIXES[form]}", sha256, len(content), len(rows), tuple(done), tuple(failed))
        self.put(f"{SHARDS}/{entry.file}", content)
        self.put(f"{MANIFEST}/{name}.json", json.dumps(asdict(entry)).encode())
        return entry

    def entries(self) -> Iterator[Entry]:
        """The manifest of each shard, in order of their names."""
        for name in self.names(MANIFEST):
            where = f"{MANIFEST}/{name}"
            content = self.get(where)
            if content is None:
                continue
            data = _object(content, f"{self.root}/{where}")
            try:
                given = {**data, "done": tuple(data["done"]), "failed": tuple(data["failed"])}
                yield Entry(**given)
            except (KeyError, TypeError) as error:
                raise _damaged(f"{self.root}/{where}", error) from error

    def names(self, folder: str) -> list[str]:
        """The files in a folder of the job, hidden ones left out."""
        with told(self.root):
            try:
                found = self._system.ls(self._path(folder), detail=True, refresh=True)
            except FileNotFoundError:
                return []
        names = (str(item["name"]).rstrip("/").rpartition("/")[2] for item in found if item["type"] == "file")
        return sorted(name for name in names if name and not name.startswith("."))

    def get(self, name: str) -> bytes | None:
        """The content of a file of the job, or None where there is no such file."""
        with told(f"{self.root}/{name}"):
            try:
                return bytes(self._system.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole: a store puts objects whole, and a disk is helped by a rename."""
        with told(f"{self.root}/{name}"):
            if self.here is None:
                self._system.pipe_file(self._path(name), content)
                return
            path = self.here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path, durable=True) as file:
                file.write(content)

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with told(f"{self.root}/{name}"):
            try:
                self._system.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return f"{self._base.rstrip('/')}/{name}".rstrip("/")


def _object(content: bytes, where: str) -> dict[str, Any]:
    try:
        data = loads(content)
    except ValueError as error:
        raise _damaged(where, error) from error
    if not isinstance(data, dict):
        raise _damaged(where, ValueError("it holds no object"))
    return data


def _damaged(where: str, error: Exception) -> DataError:
    return DataError(
        f"{where}: is damaged: {error}",
        hint="remove it: the files of that shard are captioned again; or another --out",
    )
