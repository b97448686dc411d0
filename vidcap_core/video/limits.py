"""How much a file may ask for: a few bytes of it can stand for gigabytes of memory."""

from __future__ import annotations

from pathlib import Path

from vidcap_core.errors import VideoError

PIXELS = 8192 * 4320
"""of a picture as its file holds it: 8K."""
ENLARGED = 4096 * 2160
"""of a picture that was enlarged to the short side an encoder wants: 4K."""
SHORT_SIDE = 224
"""What is reckoned with where no short side is asked for: most encoders enlarge to this, or a little more."""
BYTES = 2 << 30
"""of the pictures and the sound of a clip, which are in memory at once."""
UNTHREADED = 4096 * 2304
"""Larger pictures are decoded one after the other: each thread holds one more."""
DECODER = 2 << 30
"""Bytes of large pictures that a decoder may hold."""
REFERENCES = 16
"""Pictures that a decoder keeps because later ones refer to them, at most."""
ROWS = 8192
"""of a stream of a clip that is captioned: attention takes the square of them, a gigabyte or two."""
PICTURES = 4 * ROWS
"""of a clip that is captioned: what the rows are made of is known beforehand, how many they are only afterwards."""
HOURS = 240
"""of a film; a damaged header may say anything."""
FEWER = "fewer pictures a clip, as the encoder or the dataset asks for them, or clips with a start and an end"


class TooLarge(VideoError):
    """A file that would take more memory than it may."""


def resized(width: int, height: int, short_side: int | None) -> tuple[int, int]:
    """Width and height with the wanted short side."""
    if short_side is None:
        return width, height
    scale = short_side / min(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def check_size(file: str | Path, width: int, height: int, short_side: int | None = None) -> None:
    """Refuse pictures that are too large as they are, or would be once an encoder's short side is reached."""
    what = f"{file}: its pictures are {width} x {height}"
    if width * height > PIXELS:
        raise TooLarge(
            f"{what}; at most {_millions(PIXELS)} pixels are read, which is 8K",
            hint="ffmpeg -i VIDEO -vf scale=1280:-2 new.mp4",
        )
    side = SHORT_SIDE if short_side is None else short_side
    new_width, new_height = resized(width, height, side)
    if new_width * new_height > max(ENLARGED, width * height):
        raise TooLarge(
            f"{what}, and with a short side of {side} they would be {new_width} x {new_height}; "
            f"at most {_millions(ENLARGED)} pixels are made of a picture, which is 4K",
            hint="ffmpeg -i VIDEO -vf scale=640:360 new.mp4, or crop= the part that matters",
        )


def check_decoder(file: str | Path, width: int, height: int, bits: int, references: int = REFERENCES) -> None:
    """Refuse large pictures of which the decoder would hold too many bytes; `bits`: of a pixel."""
    needed = width * height * bits // 8 * (references + 1)
    if width * height > UNTHREADED and needed > DECODER:
        raise TooLarge(
            f"{file}: its pictures are {width} x {height} of {bits} bits a pixel, which may take "
            f"{needed / 2**30:.1f} GiB to decode; at most {DECODER / 2**30:.1f} GiB are used",
            hint="ffmpeg -i VIDEO -vf scale=1280:-2 -pix_fmt yuv420p new.mp4",
        )


def check_bytes(file: str | Path, needed: float, seconds: float, hint: str = FEWER) -> None:
    """Refuse a clip whose pictures or sound would fill the memory."""
    if needed > BYTES:
        raise TooLarge(
            f"{file}: {seconds:,.0f} s at once would need {needed / 2**30:,.1f} GiB of memory, "
            f"and a clip may take {BYTES / 2**30:.1f} GiB",
            hint=hint,
        )


def check_rows(file: str | Path, rows: int, what: str, hint: str) -> None:
    """Refuse a clip of so many pictures, or rows of a stream, that a head attending to all of them fills the memory."""
    most = PICTURES if what == "pictures" else ROWS
    if rows > most:
        raise TooLarge(f"{file}: {rows:,} {what} at once; a clip may have {most:,}", hint=hint)


def check_length(file: str | Path, seconds: float) -> None:
    """Refuse a film that says it lasts for weeks."""
    if seconds > HOURS * 3600:
        raise TooLarge(
            f"{file}: says that it lasts {seconds / 3600:,.0f} hours; at most {HOURS} are read",
            hint="ffmpeg -i VIDEO -c copy new.mp4, where its header is wrong",
        )


def _millions(pixels: int) -> str:
    return f"{pixels / 1e6:.1f} million"
