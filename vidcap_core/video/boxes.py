"""How many samples an mp4 or mov says it holds, before a decoder makes room for all of them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from vidcap_core.video.limits import TooLarge

FEW = 1_000_000
"""So many cost little memory, whatever the file's size is."""
BYTE = 2
"""Samples that a byte can hold: old compressed sound counts each of its samples."""
FIRST = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot"})
INSIDE = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})
NOT_EACH = 0xF00
"""Flags of a `trun` that lists something for each sample, which then takes room in the file."""


def check_samples(file: Path) -> None:
    """Refuse a file whose tables say in a few bytes that it holds a hundred million pictures."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        if stream.read(8)[4:] not in FIRST:
            return
        stream.seek(0)
        count = _samples(stream, size)
    if count > max(FEW, BYTE * size):
        raise TooLarge(
            f"{file}: says that it holds {count:,} pictures and blocks of sound, in {size:,} bytes",
            hint="ffmpeg -i VIDEO -c copy new.mp4, where its header is wrong",
        )


def _samples(stream: BinaryIO, end: int) -> int:
    """Samples that the boxes from here to `end` count without listing them."""
    total = 0
    while (start := stream.tell()) + 16 <= end:
        size, kind = struct.unpack(">I4s", stream.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", stream.read(8))
        stop = min(end, start + size) if size else end
        if kind in INSIDE:
            total += _samples(stream, stop)
        elif kind in (b"stsz", b"trun"):
            total += _counted(kind, stream.read(12))
        if stop < start + 8:
            break
        stream.seek(stop)
    return total


def _counted(kind: bytes, head: bytes) -> int:
    flags, first, second = struct.unpack(">3I", head.ljust(12, b"\0"))
    if kind == b"stsz":
        return second if first else 0  # one size for all
    return 0 if flags & NOT_EACH else first
