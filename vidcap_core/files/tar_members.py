"""The members of a tar, to its end mark: Python's reader takes a broken header in its midst for the end."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO

from vidcap_core.files.hashing import blocks_of


def members(file: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    """Each member by its header; behind the last good one of a damaged tar comes a `tarfile.TarError`."""
    size = file.seek(0, 2)
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            if member.offset_data + member.size > size:
                raise tarfile.ReadError(f"it ends in the midst of {member.name}")
            yield member
        file.seek(archive.offset)
        if archive.offset >= size:
            raise tarfile.ReadError("it has no end mark; was it copied in part?")
        if any(block.count(0) < len(block) for block in blocks_of(file)):
            raise tarfile.ReadError(f"what should be a header at byte {archive.offset:,} is none")
