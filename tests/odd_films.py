"""Small files that ask for much, or are not what they say: made by code, none above a few hundred KB."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from films import MATRICES, lay, make, sound


def odd_films(folder: Path) -> dict[Path, str]:
    """File -> what is said of it where encoders want a short side of 160; nothing where it can be read."""
    folder.mkdir()
    large = r"at most 35\.4 million pixels"
    far = r"no size, or one far beyond the 35,389,440 pixels \(8K\)"
    thin = r"with a short side of \d+ they would be .* at most 8\.8 million pixels"
    return {
        flat(folder / "strip.mp4", (8, 16000)): thin,
        flat(folder / "ribbon.mkv", (16000, 8), "ffv1"): thin,
        lay(flat(folder / "turned_strip.mp4", (16000, 8)), MATRICES["turned right"]): thin,
        wide_gif(folder / "canvas.gif", 16000): far,
        wide_gif(folder / "large_canvas.gif", 7000): large,
        wide_png(folder / "bomb.mp4", 30000): large,
        wide_png(folder / "small_bomb.mp4", 7000): large,
        grows(folder / "grows.ts", (6400, 6400)): "cannot be read as a video",
        grows(folder / "changes.ts", (128, 64)): "",
        anamorphic(folder / "anamorphic.mkv"): "",
        make(folder / "weeks.mkv", 2, stamps=[0, 2e6]): "lasts 556 hours; at most 240",
        make(folder / "days.mkv", 2, stamps=[0, 8e5]): "",
        counts(folder / "counts.mp4", 170_000_000): "says that it holds 170,000,000 pictures",
        unknown(folder / "unknown.mp4"): "the format of its pictures is not known here",
        sound(
            folder / "slow.wav", rate=1, samples=np.zeros(200_000, np.int16)
        ): "has no pictures, only sound",
    }


def flat(path: Path, size: tuple[int, int], codec: str = "libx264") -> Path:
    """Two grey pictures of a size."""
    with av.open(str(path), "w") as out:
        encode(out, size, codec)
    return path


def encode(out: Any, size: tuple[int, int], codec: str = "libx264") -> None:
    """Add a track of ten grey pictures."""
    stream: Any = out.add_stream(
        codec, rate=10, options={"preset": "ultrafast"} if codec == "libx264" else {}
    )
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    frame = av.VideoFrame(*size, "yuv420p")
    for plane in frame.planes:
        plane.update(b"\x80" * plane.buffer_size)
    for index in range(10):
        frame.pts, frame.time_base = index, Fraction(1, 10)
        out.mux(stream.encode(frame))
    out.mux(stream.encode())


def grows(path: Path, size: tuple[int, int]) -> Path:
    """Pictures of 64 x 48, and in the midst of the file others."""
    parts: list[bytes] = []
    for number, shape in enumerate([(64, 48), size]):
        part = path.with_suffix(f".{number}")
        with av.open(str(part), "w", format="mpegts", options={"output_ts_offset": str(number)}) as out:
            encode(out, shape)
        parts.append(part.read_bytes())
        part.unlink()
    path.write_bytes(b"".join(parts))
    return path


def anamorphic(path: Path) -> Path:
    """Each pixel is a thousand times as wide as high, says the header."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(1000, 1)
        for _ in range(10):
            out.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24"))
            )
        out.mux(stream.encode())
    return path


def wide_gif(path: Path, side: int) -> Path:
    """A small picture on a canvas that its header says is large."""
    raw = bytearray(make(path, 5, codec="gif", pixels="rgb8").read_bytes())
    raw[6:10] = struct.pack("<2H", side, side)
    path.write_bytes(raw)
    return path


def wide_png(path: Path, side: int) -> Path:
    """A black picture, one bit a pixel, that is almost nothing when packed."""
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join([packer.compress(row) for _ in range(side)]) + packer.flush()
    chunks = ((b"IHDR", struct.pack(">2I5B", side, side, 1, 0, 0, 0, 0)), (b"IDAT", packed), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks))
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def counts(path: Path, count: int) -> Path:
    """An mp4 whose header says that so many pictures follow, each of one byte."""
    raw = bytearray(make(path).read_bytes())
    number = struct.pack(">I", count)
    for box, place, value in (
        (b"stsz", 8, b"\0\0\0\1" + number),
        (b"stsc", 16, number),
        (b"stts", 12, number),
    ):
        at = raw.index(box) + place
        raw[at : at + len(value)] = value
    path.write_bytes(raw)
    return path


def hidden_counts(folder: Path) -> dict[Path, str]:
    """Films that count as `counts` does, where a reader might not look."""
    raw = counts(folder / "plain.mp4", 170_000_000).read_bytes()
    at = raw.index(b"moov") - 4
    before, moov = raw[:at], raw[at : at + int.from_bytes(raw[at : at + 4], "big")]
    after = raw[at + len(moov) :]
    packed = zlib.compress(moov)
    method = box(b"dcom", b"zlib")
    compressed = box(b"cmov", method + box(b"cmvd", struct.pack(">I", len(moov)) + packed))
    trak = moov.index(b"trak") - 4
    first = moov[trak : trak + int.from_bytes(moov[trak : trak + 4], "big")]
    small = first.replace(struct.pack(">I", 170_000_000), struct.pack(">I", 900_000))
    films = {
        **{
            f"{kind}.mp4": box(kind.encode(), bytes(16)) + raw
            for kind in ("junk", "pict", "uuid", "sidx", "abcd")
        },
        "tagged.mp4": b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + raw,
        "hoov.mp4": before + moov.replace(b"moov", b"hoov") + after,
        "freed.mp4": before + moov.replace(b"moov", b"free") + after,
        "rest.mp4": before + after + struct.pack(">I4sQ", 1, b"moov", 8) + moov[8:],
        "second.mp4": before + box(b"moov", b"") + moov + after,
        "tracks.mp4": before + box(b"moov", moov[8:trak] + small * 3) + after,
    }
    refused = {folder / "plain.mp4": "says that it holds"}
    for name, data in films.items():
        (folder / name).write_bytes(data)
        refused[folder / name] = "says that it holds"
    for name in ("moov", "hoov", "free"):
        path = folder / f"packed_{name}.mp4"
        path.write_bytes(before + box(name.encode(), compressed) + after)
        refused[path] = "its header is compressed"
    return refused


def box(kind: bytes, data: bytes) -> bytes:
    """A part of an mp4."""
    return (8 + len(data)).to_bytes(4, "big") + kind + data


def unknown(path: Path) -> Path:
    """An mp4 whose pictures are in a format that nobody knows."""
    path.write_bytes(make(path).read_bytes().replace(b"avc1", b"zzzz"))
    return path


def flipped(raw: bytes, rng: np.random.Generator) -> bytes:
    """A copy in which some bits are wrong, a stretch is noise, or the end is missing."""
    how = rng.choice(["bits", "bits", "head", "stretch", "cut"])
    if how == "cut":
        return raw[: int(rng.integers(1, len(raw)))]
    damaged = np.frombuffer(raw, np.uint8).copy()
    if how == "stretch":
        start = int(rng.integers(len(raw)))
        part = damaged[start : start + int(rng.choice([4, 64, 1000]))]
        part[:] = rng.integers(0, 256, len(part), np.uint8)
    else:
        hit = rng.integers(
            min(800, len(raw)) if how == "head" else len(raw), size=rng.choice([1, 5, 20, 100])
        )
        damaged[hit] ^= np.uint8(1) << rng.integers(8, size=len(hit), dtype=np.uint8)
    return damaged.tobytes()
