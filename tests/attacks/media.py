"""Media files that are odd, damaged, hostile, or not what their names say: made by code."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from attacks.attempt import Attempt, Result
from films import MATRICES, lay, make, noise, slope, sound
from odd_films import flipped, hidden_counts, odd_films
from PIL import Image

CODECS = {
    ("libx264", "yuv420p"): ("mp4", "mkv", "mov", "ts", "flv", "avi", "m4v", "nut"),
    ("mpeg4", "yuv420p"): ("avi", "mp4", "mkv"),
    ("mjpeg", "yuvj420p"): ("avi", "mov", "mkv"),
    ("ffv1", "yuv420p"): ("mkv", "avi"),
    ("png", "rgb24"): ("mov", "avi"),
    ("rawvideo", "yuv420p"): ("nut", "avi"),
    ("huffyuv", "yuv422p"): ("avi",),
    ("gif", "rgb8"): ("gif",),
}
STAMPS = {
    "one": [0.0],
    "two": [0.0, 0.1],
    "late": [1000.0 + i / 10 for i in range(5)],
    "gap": [0.0, 0.1, 5000.0],
    "close": [i / 1000 for i in range(20)],
    "uneven": [0.0, 0.01, 3.0, 3.01, 9.0],
    "hours": [i * 3600.0 for i in range(5)],
}
SIZES = [(2, 2), (16, 16), (2, 400), (400, 2), (4096, 16), (66, 50)]
NAMES = [
    "$(touch ran).mp4", "`touch ran`.mp4", ";touch ran;.mp4", "| touch ran.mp4", "a\nb.mp4", "<b>.mp4", "%s%n.mp4",
    "'\".mp4", "ü 你好.mp4", "\udcff.mp4", "x" * 200 + ".mp4", "[a]*?.mp4", "{}.mp4", "a\x1b[31mb.mp4", "file:x.mp4",
]  # fmt: skip
LISTS = {
    "concat.mp4": "ffconcat version 1.0\nfile 'secret.mp4'\n",
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
    "hls_network.mkv": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n",
    "dash.mp4": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>secret.mp4</BaseURL></MPD>',
    "sdp.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "svg.mp4": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "page.mp4": "<html><script>1</script></html>",
    "json.mp4": "{}",
    "words.mp4": "a dog runs\n" * 1000,
}


def attempts(folder: Path, model: Path) -> list[Attempt]:
    """Every file, with what must become of it."""
    folder.mkdir(parents=True, exist_ok=True)
    good, refused = frozenset({0}), frozenset({1, 2})
    out: dict[Path, frozenset[int]] = {}
    out |= {path: refused if said else good for path, said in odd_films(folder / "odd").items()}
    for path in [p for p in out if p.name in ("strip.mp4", "ribbon.mkv", "turned_strip.mp4", "days.mkv")]:
        out[path] = frozenset({0, 1})  # too thin for large encoders only; too long for one clip
    (folder / "hidden").mkdir()
    out |= dict.fromkeys(hidden_counts(folder / "hidden"), refused)
    for number, matrix in enumerate(MATRICES.values()):
        out[lay(make(folder / f"turned{number}.mp4", 5, slope), matrix)] = good
    for (codec, pixels), kinds in CODECS.items():
        for kind in kinds:
            out[make(folder / f"{codec}.{kind}", 5, slope, codec=codec, pixels=pixels)] = good
    for name, stamps in STAMPS.items():
        out[make(folder / f"{name}.mkv", len(stamps), stamps=stamps)] = good
    out[folder / "gap.mkv"] = out[folder / "hours.mkv"] = refused  # too many pictures for one clip
    for width, height in SIZES:
        picture = np.zeros((height, width, 3), np.uint8)
        path = folder / f"{width}x{height}.mov"
        out[make(path, 3, lambda i, p=picture: p, codec="png", pixels="rgb24", size=(width, height))] = (
            frozenset({0, 1})
        )  # type: ignore[misc]
    film = make(folder / "film.mp4", 10, noise).read_bytes()
    (folder / "secret.mp4").write_bytes(film)
    for name in NAMES:
        path = folder / "names" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(film)
        out[path] = good
    for name, text in LISTS.items():
        (folder / name).write_text(text)
        out[folder / name] = refused
    for share in range(0, 100, 10):
        path = folder / f"cut{share}.mp4"
        path.write_bytes(film[: len(film) * share // 100])
        out[path] = refused if share < 10 else frozenset({0, 1})
    out |= dict(_others(folder, film))
    return [
        Attempt(repr(path.name)[1:40], command(path, model), codes, _captioned, marker=folder / "ran")
        for path, codes in out.items()
    ]


def _others(folder: Path, film: bytes) -> Iterator[tuple[Path, frozenset[int]]]:
    """Pictures, sound, and what is no media at all."""
    refused, either = frozenset({1, 2}), frozenset({0, 1, 2})
    picture = Image.fromarray(slope(3))
    for kind in ("png", "jpg", "webp", "bmp", "gif"):
        whole, half = folder / f"whole.{kind}", folder / f"half.{kind}"
        picture.save(whole)
        half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        yield whole, either
        yield half, either
    yield sound(folder / "sound.wav"), refused
    for name, content in {
        "zeros.mp4": bytes(5000),
        "chance.mp4": np.random.default_rng(0).bytes(5000),
        "packed.mp4": gzip.compress(film),
        "deep.mp4": b"\x00\x00\x00\x08moov" * 5000,
        "nested.mp4": b"".join((20_000 - 8 * i).to_bytes(4, "big") + b"moov" for i in range(2000)),
    }.items():
        (folder / name).write_bytes(content)
        yield folder / name, refused
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "gone.mp4").symlink_to(folder / "nowhere.mp4")
    (folder / "folder.mp4").mkdir()
    yield from ((folder / name, refused) for name in ("loop.mp4", "gone.mp4", "folder.mp4"))


def flips(folder: Path, model: Path, count: int) -> list[Attempt]:
    """Films of several kinds in which bits are wrong, a stretch is noise, or the end is missing."""
    folder.mkdir(parents=True)
    kinds = [("libx264", "yuv420p", "mp4"), ("libx264", "yuv420p", "ts"), ("mpeg4", "yuv420p", "avi")]
    kinds += [("ffv1", "yuv420p", "mkv"), ("gif", "rgb8", "gif"), ("mjpeg", "yuvj420p", "mov")]
    whole = [
        make(folder / f"whole-{c}.{kind}", 10, slope, codec=c, pixels=pixels) for c, pixels, kind in kinds
    ]
    rng = np.random.default_rng(27)
    out = []
    for number in range(count):
        source = whole[number % len(whole)]
        path = folder / f"{number}{source.suffix}"
        path.write_bytes(flipped(source.read_bytes(), rng))
        out.append(Attempt(path.name, command(path, model), frozenset({0, 1}), _captioned))
    return out


def command(path: Path, model: Path) -> list[str]:
    """Caption one file."""
    return ["caption", os.fspath(path), "--model", str(model), "--device", "cpu", "--json"]


def _captioned(result: Result) -> str | None:
    """A file has one caption, or a reason why it has none."""
    if result.code == 0:
        lines = [json.loads(line) for line in result.out.splitlines()]
        good = len(lines) == 1 and isinstance(lines[0]["text"], str)
        return None if good else f"{len(lines)} captions"
    return None if "could not be captioned" in result.err or result.code == 2 else "no reason is given"
