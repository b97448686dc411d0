"""Which files a person means: files, folders, patterns, lists, and what comes through a pipe."""

from __future__ import annotations

import codecs
import glob
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from vidcap_core.captioning.elsewhere import is_archive, videos_of
from vidcap_core.errors import UserError
from vidcap_core.files.remote import Remote, Source, is_url, reading
from vidcap_core.video.suffixes import NO_FILM, films

DEEPEST = 20
"""Lists that name lists, one inside the other."""
HEAD = 4096
"""Bytes of a pipe that tell a list of names from a video."""
LARGEST = 256 << 20
"""Bytes of a list."""
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BINARY = re.compile(rb"^\x00|[\x01-\x08\x0b\x0c\x0e-\x1f]")
"""What no list of names holds; a list may be separated by NUL, as `find -print0` gives it."""


@dataclass(slots=True)
class Inputs:
    """Files in the order they were named, each once, and what was named and cannot be captioned."""

    files: list[Path] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)  # name, reason
    elsewhere: list[Remote] = field(default_factory=list)  # behind URLs, and inside of archives
    others: int = 0  # files in folders that are not wanted by their names
    wanted: Callable[[Sequence[Path]], list[Path]] = films  # of the files of a folder
    lists: set[str] = field(default_factory=set)  # those that were read: a second time adds nothing


def find(
    names: Iterable[str],
    lists: Iterable[str] = (),
    pipe: tuple[BinaryIO, Path] | None = None,
    wanted: Callable[[Sequence[Path]], list[Path]] = films,
) -> Inputs:
    """Every file that is meant.

    A name is a file, a folder (all videos below it), a pattern (`*.mp4`, `**/*.avi`), `@LIST`, `-`, a URL, or an
    archive that holds or names videos (`.tar` of WebDataset, `.parquet`). `pipe` is
    what `-` reads, and a folder in which a video that comes through it can lie. `wanted`: of the files of a folder.
    """
    inputs = Inputs(wanted=wanted)
    seen: set[str] = set()
    for path in _expanded([*names, *(f"@{name}" for name in lists)], inputs, pipe):
        absolute = str(path) if isinstance(path, Remote) else os.path.abspath(path)
        if absolute in seen:
            continue
        seen.add(absolute)
        if isinstance(path, Remote):
            inputs.elsewhere.append(path)
        else:
            inputs.files.append(path)
    return inputs


def shown(path: str | Path) -> str:
    """A name on one line: line breaks and what is no text are escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))


def _expanded(
    names: Iterable[str], inputs: Inputs, pipe: tuple[BinaryIO, Path] | None, inside: tuple[str, ...] = ()
) -> Iterator[Source]:
    """inside: the lists that these names were read from, the outermost first."""
    for name in names:
        if name == "-" and pipe is not None:
            yield from _piped(*pipe, inputs)
        elif os.path.isdir(name):
            yield from _below(name, inputs)
        elif is_url(name) or (is_archive(name) and os.path.isfile(name)):
            for found in videos_of(name):
                if isinstance(found, tuple):
                    inputs.bad.append(found)
                else:
                    yield found
        elif os.path.lexists(name):  # before patterns: [ and * may stand in a name
            yield Path(name)
        elif name.startswith("@"):
            listed = _listed_elsewhere if is_url(name[1:]) else _listed
            yield from listed(name[1:], inputs, inside)
        elif glob.has_magic(name):
            matches = sorted(glob.glob(name, recursive=True))
            if not matches:
                inputs.bad.append((name, "no file has such a name"))
            yield from _expanded(matches, inputs, None, inside)
        else:
            inputs.bad.append((name, "there is no such file"))


def _below(folder: str, inputs: Inputs) -> Iterator[Path]:
    """Every video below a folder, by name, or its pictures where it holds none; hidden files are left alone."""

    def unreadable(error: OSError) -> None:
        inputs.bad.append((str(error.filename), error.strerror or type(error).__name__))

    found: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in sorted(files)]
    chosen = inputs.wanted([file for file in found if not file.name.startswith(".")])
    inputs.others += len(found) - len(chosen)
    if not chosen:
        inputs.bad.append((folder, f"the folder {NO_FILM}"))
    for file in chosen:
        if (
            file.is_fifo() or file.is_socket() or file.is_char_device()
        ):  # whoever opens one waits for its other end
            inputs.bad.append((str(file), "is no file, but a pipe or a device"))
        else:
            yield file


def _listed_elsewhere(url: str, inputs: Inputs, inside: tuple[str, ...]) -> Iterator[Source]:
    """The files that a list in a store names: URLs, and paths of this machine."""
    if url in inside or url in inputs.lists:
        return
    inputs.lists.add(url)
    with reading(url) as opened:
        names = _names(opened.read(HEAD), opened, url)
    yield from _expanded(names, inputs, None, (*inside, url))


def _listed(name: str, inputs: Inputs, inside: tuple[str, ...]) -> Iterator[Source]:
    """The files that a list names, one a line; relative to here, or else to the list."""
    file = Path(name)
    absolute = os.path.realpath(file)
    if absolute in inside or len(inside) >= DEEPEST:
        what = "names itself" if absolute in inside else f"is named by {DEEPEST} lists in a row"
        raise UserError(f"the list {file} {what}", hint="a list of videos: one path a line")
    if absolute in inputs.lists:
        return
    inputs.lists.add(absolute)
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
            if _is_binary(head):
                raise UserError(f"{file} is no list of files", hint=f"vidcap caption {file}")
            names = _names(head, opened, str(file))
    except (OSError, ValueError) as error:
        raise UserError(
            f"the list {file} cannot be read: {getattr(error, 'strerror', error)}",
            hint="--list FILE, one path a line",
        ) from error
    beside = [n if is_url(n) or os.path.lexists(n) else os.path.join(file.parent, n) for n in names]
    yield from _expanded(
        (path if os.path.lexists(path) else name for path, name in zip(beside, names, strict=True)),
        inputs,
        None,
        (*inside, absolute),
    )


def _is_binary(head: bytes) -> bool:
    """Whether it is no list of names; one in UTF-16, as a shell of Windows writes it, is."""
    return not head.startswith(UTF16) and BINARY.search(head) is not None


def _names(head: bytes, rest: BinaryIO, source: str) -> list[str]:
    """The names that a list holds, which may have no end."""
    content = head + rest.read(LARGEST)
    if len(content) > LARGEST:
        raise UserError(
            f"the list {source} is larger than {LARGEST >> 20} MiB", hint="several lists, one after the other"
        )
    if content.startswith(UTF16):
        try:
            content = content.decode("utf-16").encode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise UserError(
                f"the list {source} is cut off, or no text: {error}", hint="save it as UTF-8"
            ) from error
    content = content.removeprefix(codecs.BOM_UTF8)
    lines = content.split(b"\0") if b"\0" in content else content.splitlines()
    return [os.fsdecode(line) for line in lines if line.strip()]


def _piped(stream: BinaryIO, folder: Path, inputs: Inputs) -> Iterator[Source]:
    """A video, which is put into the folder, or the names of some."""
    head = stream.read(HEAD)
    if not head:
        inputs.bad.append(("-", "nothing came through the pipe"))
    elif _is_binary(head):
        path = folder / "stdin"
        with path.open("wb") as file:
            file.write(head)
            shutil.copyfileobj(stream, file)
        yield path
    else:
        yield from _expanded(_names(head, stream, "of the pipe"), inputs, None)
