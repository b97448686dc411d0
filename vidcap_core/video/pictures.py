"""Pictures as videos: a JPEG, PNG, WebP, BMP or HEIC file, told by its content, is a film of one frame at second 0.

FFmpeg takes them too, but knows neither how a camera was held nor what shines through, and shows one tile of a HEIC.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import limits
from vidcap_core.video import sampling as moments
from vidcap_core.video.frames import Frames

if TYPE_CHECKING:
    from PIL import Image

HEAD = 64
PNG = b"\x89PNG\r\n\x1a\n"
HEIC = frozenset({b"heic", b"heix", b"heim", b"heis"})
SEVERAL = frozenset({".mjpeg", ".mjpg"})
"""Films that begin like a JPEG; nothing but the name tells them apart."""
CLASSES = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
}
"""By kind, what reads it. Opened by their classes: `Image.open` has a limit of its own, and warns before it."""
ORIENTATION = 0x0112
"""EXIF's number for how the camera was held."""
UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""By EXIF's orientation, Pillow's name of what brings a picture upright."""
ANIMATED = 0x02
"""The flag of a WebP with several frames."""
UNSAID = 0.1
"""Seconds of a frame that says none, by browsers' custom."""
SMALLER = "a smaller copy of it: ffmpeg -i PICTURE -vf scale=1280:-2 small.jpg"


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """How large a picture is, upright, and how long an animated one lasts; a still one lasts 0 seconds."""

    width: int
    height: int
    duration: float


def kind_of(path: str | Path) -> str | None:
    """What kind of picture a file is by its content; None: a film, or nothing that is known here.

    Animated GIF and PNG are films, which FFmpeg reads; it does not read animated WebP.
    """
    file = Path(path)
    if file.suffix.lower() in SEVERAL:
        return None
    try:
        with file.open("rb") as stream:
            return _kind(stream)
    except OSError:
        return None


def look_at(path: str | Path, kind: str) -> PictureInfo:
    """Size and duration; a picture that is too large is refused before it is decoded."""
    with _opened(path, kind) as picture:
        width, height = picture.size
        if _turn(picture) >= 5:
            width, height = height, width
        return PictureInfo(width, height, _shown(path, kind)[1])


def read_picture(
    path: str | Path,
    kind: str,
    sampling: Mapping[str, Any],
    *,
    start: float = 0.0,
    end: float | None = None,
    short_side: int | None = None,
    rng: np.random.Generator | None = None,
) -> Frames:
    """The picture at each wanted moment, decoded once however many there are."""
    begins, length = _shown(path, kind)
    stop = length if end is None else min(end, length)
    if not 0 <= start <= stop or (length and start == stop):
        raise VideoError(f"{path}: the span {start:g}-{stop:g} s is not inside its {length:g} s")
    rate = len(begins) / length if length else 1.0  # of a still picture any rate gives the one frame
    wanted = moments.frame_times(moments.timed(sampling, rate, path), start, stop, rng)
    rows = np.maximum(np.searchsorted(begins, wanted + 1e-6, side="right") - 1, 0)
    with _opened(path, kind, short_side) as picture:
        width, height = limits.resized(picture.width, picture.height, short_side)
        limits.check_bytes(path, len(wanted) * 3 * width * height, stop - start)
        turn = _turn(picture)
        shape = (width, height) if turn >= 5 else (height, width)
        values = np.empty((len(wanted), *shape, 3), np.uint8)
        for row in np.unique(rows).tolist():
            if row:
                picture.seek(row)
            values[rows == row] = _resized(picture, (width, height), turn)
    return Frames(values, wanted)


def decoded(stream: BinaryIO, name: str, short_side: int | None) -> np.ndarray:
    """A picture uint8 [H, W, 3] out of an archive."""
    kind = _kind(stream)
    if kind is None:
        raise VideoError(f"{name}: cannot be read as a picture: it is none that is known here")
    with _decoder(stream, name, kind, short_side) as picture:
        return _resized(picture, limits.resized(picture.width, picture.height, short_side), _turn(picture))


def _kind(stream: BinaryIO) -> str | None:
    stream.seek(0)
    head = stream.read(HEAD)
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(PNG):
        return None if _is_film(stream) else "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    if head[4:8] == b"ftyp":
        brands = head[8 : min(len(head), int.from_bytes(head[:4], "big"))]
        names = {brands[start : start + 4] for start in range(0, len(brands), 4)}
        return "HEIC" if names & HEIC else None
    return None


def _is_film(stream: BinaryIO) -> bool:
    """Whether a PNG says before its pixels that it is animated."""
    stream.seek(len(PNG))
    while len(head := stream.read(8)) == 8:
        size, name = struct.unpack(">I4s", head)
        if name in (b"acTL", b"IDAT"):
            return bool(name == b"acTL")
        stream.seek(size + 4, 1)
    return False


def _shown(path: str | Path, kind: str) -> tuple[np.ndarray, float]:
    """When each frame appears, and when the last one ends; a still picture is there at 0 and lasts no time."""
    still = np.zeros(1), 0.0
    if kind != "WebP":
        return still
    seconds: list[float] = []
    with Path(path).open("rb") as stream:
        head = stream.read(21)
        if len(head) < 21 or head[12:16] != b"VP8X" or not head[20] & ANIMATED:
            return still
        stream.seek(12)
        while len(head := stream.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            body = stream.read(16) if head[:4] == b"ANMF" else b""
            if body:
                seconds.append(int.from_bytes(body[12:15], "little") / 1000 or UNSAID)
            stream.seek(size + size % 2 - len(body), 1)
    if len(seconds) < 2:
        return still
    ends = np.cumsum(seconds)
    return np.concatenate([[0.0], ends[:-1]]), float(ends[-1])


@contextmanager
def _opened(path: str | Path, kind: str, short_side: int | None = None) -> Iterator[Any]:
    with Path(path).open("rb") as stream, _decoder(stream, str(path), kind, short_side) as picture:
        yield picture


@contextmanager
def _decoder(stream: BinaryIO, name: str, kind: str, short_side: int | None) -> Iterator[Any]:
    """A picture whose size is known to be bearable; whatever goes wrong with it is a VideoError with its name."""
    module, attribute = CLASSES[kind]
    try:
        opener = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise VideoError(
            f"{name}: is a HEIC picture, and nothing here reads those",
            hint=f"pip install {module.replace('_', '-')}, or save it as a JPEG",
        ) from error
    try:
        stream.seek(0)
        with opener(stream) as picture:
            limits.check_size(name, picture.width, picture.height, short_side)
            yield picture
    except limits.TooLarge as error:
        raise limits.TooLarge(error.message, hint=SMALLER) from error
    except UserError:
        raise
    except MemoryError as error:
        raise VideoError(f"{name}: needs more memory than there is") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise VideoError(
            f"{name}: cannot be read as a picture ({kind}): {reason}", hint="a whole copy of it"
        ) from error


def _turn(picture: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; from 5 on width and height change places."""
    turn = picture.getexif().get(ORIENTATION, 1)
    return turn if turn in UPRIGHT else 1


def _resized(picture: Image.Image, size: tuple[int, int], turn: int) -> np.ndarray:
    """uint8 [H, W, 3], upright; `size` is meant as the picture lies in its file."""
    from PIL import Image

    resampling = Image.Resampling.BOX if size[1] < picture.height else Image.Resampling.BILINEAR
    small = _rgb(picture).resize(size, resampling)
    if turn in UPRIGHT:
        small = small.transpose(Image.Transpose[UPRIGHT[turn]])
    return np.asarray(small)


def _rgb(picture: Image.Image) -> Image.Image:
    """As RGB: 16 bits of grey are scaled and not cut off, what is transparent lies on white."""
    from PIL import Image

    if picture.mode.startswith("I"):
        levels = np.asarray(picture).astype(np.int64)
        return Image.fromarray(((levels * 255 + 32767) // 65535).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return picture.convert("RGB")
