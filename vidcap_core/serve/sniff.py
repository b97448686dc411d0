"""Which container a file is, by its first bytes and by nothing else.

This is a list of what may pass and not of what may not: the decoder also knows playlists (HLS, concat scripts), and a
playlist names other files, which it would then read from the server's disk.
"""

from __future__ import annotations

HEAD = 1024
"""Bytes that `container` wants to see."""
KNOWN = "MP4, MOV, WebM, Matroska, AVI, MPEG, FLV, WMV or Ogg"
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MOV = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_PACKET = 188


def container(head: bytes) -> str | None:
    """A file suffix for what the bytes begin, or None."""
    if head[4:8] in _MOV:
        return ".mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return ".mkv"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return ".avi"
    if head.startswith((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")):
        return ".mpg"
    if len(head) > 2 * _PACKET and all(head[n * _PACKET] == 0x47 for n in range(3)):
        return ".ts"
    if head.startswith(b"FLV\x01"):
        return ".flv"
    if head.startswith(_ASF):
        return ".wmv"
    if head.startswith(b"OggS"):
        return ".ogv"
    return None


def looks_like(head: bytes) -> str:
    """A word for a file that is no video, for the answer that refuses it."""
    if not head:
        return "empty"
    for start, name in _OTHERS:
        if head.startswith(start):
            return name
    text = not any(byte < 9 for byte in head)
    return "a text file" if text else "not a video format that is supported"


_OTHERS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"ID3", "an audio file"),
    (b"RIFF", "an audio file or an image"),
    (b"#EXTM3U", "a playlist"),
    (b"ffconcat", "a playlist"),
)
