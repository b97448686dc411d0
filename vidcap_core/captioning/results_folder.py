"""The folder of a caption job: what is finished stays finished, whatever happens to the rest."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vidcap_core.captioning.formats import PER_FILE, one_line
from vidcap_core.contracts.panels import from_plain
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.errors import DataError, UserError
from vidcap_core.files.json_text import loads
from vidcap_core.files.remote import Remote, Source
from vidcap_core.saved.predictions import panels_data, prediction_data
from vidcap_core.saved.shape import EVENT, PREDICTION, check
from vidcap_metrics.files.atomic import write_text
from vidcap_metrics.files.lock import Lock

JOB, LINES, LOCK = "job.json", "captions.jsonl", ".lock"
MEND = "another --out, or correct the line"
LINE: dict[str, Any] = {
    **PREDICTION,
    "id": str,
    "path": (str, None),
    "span": [(int, float)],
    "events": [EVENT],
    "streams": [str],
    "file": str,
    "size": int,
    "modified": int,
    "output": (str, None),
    "panels?": [{"kind": str}],
}
"""What a line of `captions.jsonl` holds."""


class FolderError(UserError):
    """A folder that cannot be written, with what stays of the work."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A finished file: which version of it, and the name of its output."""

    size: int
    modified: int
    output: str | None


class Folder:
    """`captions.jsonl` has a line for each finished file, and everything else is written from it.

    A line is written whole or not at all; a file's own output (`NAME.srt`) is written beside its place and renamed.
    The folder belongs to whoever opened it until it is closed: two jobs would caption every file twice.
    """

    def __init__(self, path: Path, form: str, facts: Mapping[str, Any]) -> None:
        self.path, self.form = path, form
        self.lines = path / LINES
        self._entries: dict[str, _Entry] = {}
        self._outputs: set[str] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(path / LOCK)
        except BlockingIOError as error:
            raise UserError(
                f"another job writes into {path}", hint="wait for it, or another --out"
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._claim({"format": form, **facts})
            self._mend()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise self._unwritable(error) from error
            raise

    def close(self) -> None:
        """Let another job have it."""
        self._lock.release()

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._entries)

    def has(self, file: Source) -> bool:
        """Whether a file is finished, and has not changed since."""
        entry = self._entries.get(_key(file))
        return entry is not None and (entry.size, entry.modified) == _version(file)

    def add(self, file: Source, prediction: Prediction) -> None:
        """A finished file: first its line, then its output, which could be made again from the line."""
        absolute = _key(file)
        size, modified = _version(file)
        entry = _Entry(size, modified, self._output(file, absolute))
        data = {"file": absolute, "size": size, "modified": modified, "output": entry.output}
        data |= prediction_data(prediction)
        if self.form == "html":
            data["panels"] = panels_data([prediction]).get(prediction.clip.id, [])
        try:
            _append(self.lines, one_line(data).encode("utf-8", "backslashreplace") + b"\n")
            self._keep(absolute, entry)
            self._write(entry.output, prediction)
        except OSError as error:
            raise self._unwritable(error) from error

    def predictions(self) -> Iterator[tuple[str, Prediction]]:
        """Every finished file with what was said of it, the latest of each."""
        for data in self._read():
            entry = self._entries.get(data["file"])
            if entry is not None and (entry.size, entry.modified) == (data["size"], data["modified"]):
                try:
                    prediction = _prediction(data)
                except (TypeError, ValueError, KeyError, AttributeError) as error:  # a panel of another shape
                    raise DataError(
                        f"{self.lines}: the panels of {data['file']}: {error}", hint=MEND
                    ) from error
                yield data["file"], prediction

    def complete(self) -> None:
        """Write the outputs that are missing: a process may end between a line and its output."""
        missing = {
            e.output for e in self._entries.values() if e.output and not (self.path / e.output).exists()
        }
        if not missing:
            return
        try:
            for file, prediction in self.predictions():
                output = self._entries[file].output
                if output in missing:
                    self._write(output, prediction)
        except OSError as error:
            raise self._unwritable(error) from error

    def _claim(self, facts: Mapping[str, Any]) -> None:
        """The folder belongs to one job: another model or another way to decode must not be mixed in."""
        path = self.path / JOB
        if path.is_file():
            before, now = _flat(_json(path.read_bytes(), f"{path}", "another --out")), _flat(facts)
            other = [key for key in {**before, **now} if before.get(key) != now.get(key)]
            if other:
                was = ", ".join(f"{key} {before.get(key)}, now {now.get(key)}" for key in other)
                raise UserError(f"{self.path} holds the captions of another job: {was}", hint="another --out")
        elif self.lines.exists():
            raise UserError(f"{self.path} has a {LINES} that no caption job made", hint="another --out")
        else:
            write_text(path, json.dumps(facts, indent=1, ensure_ascii=False))

    def _mend(self) -> None:
        """Read what is finished; half a line at the end is what a power cut leaves, and goes."""
        if not self.lines.exists():
            return
        with self.lines.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            whole = _last_line_end(file, size)
            if whole < size:
                file.truncate(whole)
        for data in self._read():
            self._keep(data["file"], _Entry(data["size"], data["modified"], data["output"]))

    def _read(self) -> Iterator[dict[str, Any]]:
        if self.lines.exists():
            with self.lines.open("rb") as file:
                for number, line in enumerate(file, 1):
                    where = f"{self.lines}, line {number}"
                    data = _json(line, where, MEND)
                    check(data, LINE, where, MEND)
                    if len(data["span"]) != 2:
                        raise DataError(f"{where}: a span has a start and an end", hint=MEND)
                    yield data

    def _keep(self, absolute: str, entry: _Entry) -> None:
        self._entries[absolute] = entry
        if entry.output:
            self._outputs.add(entry.output.casefold())

    def _output(self, file: Source, absolute: str) -> str | None:
        """A name that no other file's output and no stranger's file has; that of an earlier version is used again."""
        if self.form not in PER_FILE:
            return None
        before = self._entries.get(absolute)
        if before is not None and before.output:
            return before.output
        suffix = PER_FILE[self.form][0]
        digest = hashlib.sha256(os.fsencode(absolute)).hexdigest()
        stem = os.fsencode(file.stem)[:180].decode("utf-8", "ignore") or "video"
        for name in (f"{stem}{suffix}", f"{stem}-{digest[:8]}{suffix}"):
            if name.casefold() not in self._outputs and not (self.path / name).exists():
                return name
        return f"{stem}-{digest}{suffix}"

    def _write(self, output: str | None, prediction: Prediction) -> None:
        if output is not None:
            write_text(self.path / output, PER_FILE[self.form][1](prediction))

    def _unwritable(self, error: OSError) -> FolderError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else error.strerror or str(error)
        stays = f"; {len(self)} finished files stay in it" if len(self) else ""
        mend = "make room, then the same command again: it goes on" if full else "--out with another folder"
        return FolderError(f"{self.path} cannot be written: {reason}{stays}", hint=mend)


def _key(file: Source) -> str:
    """The name of a file from any folder."""
    return str(file) if isinstance(file, Remote) else os.path.abspath(file)


def _version(file: Source) -> tuple[int, int]:
    """Size and time of a file: when they change, its captions are made anew. One elsewhere goes by its name."""
    if isinstance(file, Remote):
        return -1, -1
    try:
        facts = file.stat()
    except OSError:
        return -1, -1
    return facts.st_size, facts.st_mtime_ns


def _append(path: Path, line: bytes) -> None:
    """All of a line, or nothing of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        before = os.fstat(descriptor).st_size
        try:
            done = 0
            while done < len(line):
                done += os.write(descriptor, line[done:])
        except BaseException:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _last_line_end(file: BinaryIO, size: int, block: int = 1 << 16) -> int:
    """Where the last whole line ends."""
    while size > 0:
        start = max(0, size - block)
        file.seek(start)
        position = file.read(size - start).rfind(b"\n")
        if position >= 0:
            return int(start + position + 1)
        size = start
    return 0


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts without a level: of a group its members."""
    groups = (
        value.items() if isinstance(value, Mapping) else ((key, value),) for key, value in facts.items()
    )
    return {key: value for group in groups for key, value in group}


def _json(text: bytes, where: str, hint: str) -> dict[str, Any]:
    try:
        data = loads(text.decode("utf-8"))
    except ValueError as error:
        raise DataError(f"{where} is damaged: {error}", hint=hint) from error
    check(data, {}, where, hint)
    return dict(data)


def _prediction(data: Mapping[str, Any]) -> Prediction:
    """The prediction that a line tells of."""
    events = [dict(event) for event in data["events"]]
    words = [event.pop("words", None) for event in events]
    extras: dict[str, Any] = {"streams": data["streams"]}
    extras["panels"] = [from_plain(panel) for panel in data.get("panels", ())]
    if all(words):
        extras["words"] = words
    if "n_best" in data:
        extras["n_best"] = data["n_best"]
    start, end = data["span"]
    clip = Clip(data["id"], data["path"], start, duration=end)
    known = [
        {key: event[key] for key in ("start", "end", "text", "score") if key in event} for event in events
    ]
    return Prediction(clip, tuple(Event(**event) for event in known), extras)
