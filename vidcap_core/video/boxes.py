"""How many samples an mp4 or mov says it holds, before a decoder makes room for all of them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vidcap_core.errors import VideoError
from vidcap_core.video.limits import TooLarge

FEW = 1_000_000
"""So many cost little memory, whatever the file's size is."""
BYTE = 2
"""Samples that a byte can hold: old compressed sound counts each of its samples."""
BOXES = 1_000_000
"""One after the other; a film has two for each of its fragments."""
HEADERS = frozenset(
    b"moov moof hoov trak mdia minf stbl stsd traf mvex udta meta ilst wave edts dinf tref clip sinf schi iprp "
    b"stsz trun cmov".split()
)
"""Boxes that FFmpeg looks into, wherever they lie; it may find a table of samples in each of them, at any depth."""
TABLE = re.compile(rb"(stsz|trun|cmov)(.{12})", re.DOTALL)
SPAN = 16
"""Bytes of a match of TABLE."""
NOT_EACH = 0xF00
"""Flags of a `trun` that lists something for each sample, which then takes room in the file."""
CHUNK = 1 << 20


def check_samples(file: Path) -> None:
    """Refuse a file whose tables say in a few bytes that it holds a hundred million pictures."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        count = sum(_samples(file, stream, *box) for box in _boxes(file, stream, size))
    if count > max(FEW, BYTE * size):
        raise TooLarge(
            f"{file}: says that it holds {count:,} pictures and blocks of sound, in {size:,} bytes",
            hint="ffmpeg -i VIDEO -c copy new.mp4, where its header is wrong",
        )


def _boxes(file: Path, stream: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and stop of each outermost box, until the bytes are none, as in any other kind of file."""
    start, tags = 0, True
    for _ in range(BOXES):
        stream.seek(start)
        head = stream.read(16)
        if len(head) < 8:
            return
        if tags := tags and head[:3] == b"ID3":  # FFmpeg looks for the boxes behind such tags
            start += _tag(head)
            continue
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1:
            size = int.from_bytes(head[8:], "big")
            if size < 16:
                size = 0 if size == 8 else 1  # FFmpeg takes an 8 for the rest of the file
        stop = min(end, start + size) if size else end
        if stop < start + 8:
            return
        yield kind, start, stop
        start = stop
    raise TooLarge(
        f"{file}: is made of more than {BOXES:,} boxes",
        hint="ffmpeg -i VIDEO -c copy new.mp4, which joins them",
    )


def _tag(head: bytes) -> int:
    """Length of an ID3 tag: four times seven bits, its head, and the foot that a flag tells of."""
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return length + (20 if head[5] & 0x10 else 10)


def _samples(file: Path, stream: BinaryIO, kind: bytes, start: int, stop: int) -> int:
    """Samples that a box counts without listing them."""
    stream.seek(start + 12)
    if kind not in HEADERS and not (kind == b"free" and stream.read(4) in (b"mvhd", b"cmov")):
        return 0
    stream.seek(start)
    total, rest, tail = 0, stop - start, b""
    while rest > 0:
        part = stream.read(min(CHUNK, rest))
        rest = rest - len(part) if part else 0
        data = tail + part + (b"" if rest else bytes(SPAN))
        for name, head in TABLE.findall(data):
            if name == b"cmov" and head[4:8] == b"dcom":
                raise _compressed(file)
            total += _counted(name, head)
        tail = data[1 - SPAN :]
    return total


def _compressed(file: Path) -> VideoError:
    return VideoError(
        f"{file}: its header is compressed (cmov), which is not read",
        hint="ffmpeg -i VIDEO -c copy new.mp4, which writes a plain one",
    )


def _counted(kind: bytes, head: bytes) -> int:
    flags, first, second = struct.unpack(">3I", head)
    if kind == b"stsz":
        return second if first else 0  # one size for all
    return 0 if kind == b"cmov" or flags & NOT_EACH else first
