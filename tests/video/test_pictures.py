"""A picture file is a film of one frame, told by what is in it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_films import wide_png
from PIL import Image

from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip, Stream
from vidcap_core.errors import VideoError
from vidcap_core.video import read_audio, read_frames
from vidcap_core.video.audio import NoSound
from vidcap_core.video.clip_reader import read_clip_frames
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.limits import TooLarge
from vidcap_core.video.pictures import UPRIGHT, kind_of
from vidcap_core.video.probe import probe

THREE = {"kind": "uniform", "count": 3}


def scene() -> np.ndarray:
    """48 x 32: red above left, green above right, blue below."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24, 0] = pixels[:16, 24:, 1] = pixels[16:, :, 2] = 220
    return pixels


def saved(path: Path, mode: str = "RGB", **options: Any) -> Path:
    Image.fromarray(scene()).convert(mode).save(path, **options)
    return path


def corners(path: Path, **options: Any) -> list[str]:
    """The colour of each corner: above left, above right, below left, below right."""
    picture = read_frames(path, {"count": 1}, **options).values[0].astype(int)
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white", (0, 0, 0): "black"}
    return [names[tuple((picture[y, x] > 128).astype(int))] for y in (2, -3) for x in (2, -3)]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WebP", "BMP"])
def test_one_frame_as_often_as_it_is_asked_for(form: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "no_suffix", format=form)
    assert kind_of(path) == form
    info = probe(path)
    assert (info.duration, info.width, info.height, info.has_audio) == (0.0, 48, 32, False)
    for sampling in (
        THREE,
        {"kind": "segment", "count": 3},
        {"kind": "clips", "clips": 1, "count": 3, "rate": 8.0},
    ):
        film = read_frames(path, sampling, rng=np.random.default_rng(0))
        assert film.values.shape == (3, 32, 48, 3)
        assert film.times.tolist() == [0, 0, 0]
        assert (film.values == film.values[:1]).all()
        assert np.abs(film.values[0].astype(int) - scene())[4:12, 4:12].max() < 12
    assert len(read_frames(path, {"kind": "fps", "rate": 4.0}).values) == 1
    assert corners(path) == ["red", "green", "blue", "blue"]
    assert read_frames(path, THREE, short_side=16, decoder="decord").values.shape == (3, 16, 24, 3)
    with pytest.raises(NoSound):
        read_audio(path)


@pytest.mark.parametrize("orientation", [1, *UPRIGHT, 99])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WebP"])
def test_it_stands_as_the_camera_was_held(orientation: int, form: str, tmp_path: Path) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "picture", format=form, exif=exif)
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(read_frames(path, {"count": 1}).values[0], expected)
    info = probe(path)
    assert (info.height, info.width) == expected.shape[:2]
    assert read_frames(path, {"count": 1}, short_side=8).values.shape == (
        1,
        *(n // 4 for n in expected.shape[:2]),
        3,
    )


def test_exif_that_is_damaged_is_no_reason(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", exif=b"Exif\0\0no tiff at all")
    assert corners(path) == ["red", "green", "blue", "blue"]
    assert probe(path).width == 48


def test_grey_levels_of_16_bits_are_scaled(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 32 * 48).astype(np.uint16).reshape(32, 48)
    path = tmp_path / "deep.png"
    Image.fromarray(levels).save(path)
    read = read_frames(path, {"count": 1}).values[0]
    assert np.abs(read - levels[..., None] / 257).max() <= 0.51


def test_colours_of_16_bits(tmp_path: Path) -> None:
    import zlib

    from odd_films import chunk

    pixels = scene().astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">2I5B", 48, 32, 16, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path = tmp_path / "deep.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts))
    np.testing.assert_array_equal(read_frames(path, {"count": 1}).values[0], scene())


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.jpg", "CMYK"), ("a.jpg", "L"), ("a.png", "P"), ("a.png", "RGBA"), ("a.png", "LA"), ("a.png", "1")],
)
def test_other_modes_are_read_as_rgb(name: str, mode: str, tmp_path: Path) -> None:
    path = saved(tmp_path / name, mode)
    with Image.open(path) as picture:
        assert picture.mode == mode
    picture = read_frames(path, {"count": 1}).values
    assert picture.shape == (1, 32, 48, 3)
    if mode in ("CMYK", "P", "RGBA"):
        assert corners(path) == ["red", "green", "blue", "blue"]


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    clear = Image.fromarray(scene()).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 16, 48, 32))
    clear.save(tmp_path / "alpha.png")
    Image.fromarray(scene()).quantize(8).save(
        tmp_path / "palette.png", transparency=Image.fromarray(scene()).quantize(8).getpixel((2, 30))
    )
    for name in ("alpha.png", "palette.png"):
        assert corners(tmp_path / name) == ["red", "green", "white", "white"], name


def test_one_pixel_is_a_picture_too(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (10, 200, 30)).save(tmp_path / "dot.png")
    picture = read_frames(tmp_path / "dot.png", {"count": 2}, short_side=224).values
    assert picture.shape == (2, 224, 224, 3)
    assert (picture == (10, 200, 30)).all()


def animated(path: Path) -> Path:
    """Black for 0.2 s, grey for 0.4 s, white for 0.4 s."""
    first, *others = (Image.new("RGB", (48, 32), (level,) * 3) for level in (0, 120, 250))
    first.save(path, save_all=True, append_images=others, duration=[200, 400, 400], lossless=True)
    return path


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png"])
def test_an_animated_picture_is_a_film(name: str, tmp_path: Path) -> None:
    path = animated(tmp_path / name)
    assert kind_of(path) == ("WebP" if name == "film.webp" else None)
    assert probe(path).duration == pytest.approx(1.0)
    film = read_frames(path, {"kind": "uniform", "count": 5}, short_side=16)
    assert film.times == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert film.values.mean((1, 2, 3)) == pytest.approx([0, 120, 120, 250, 250], abs=3)
    late = read_frames(path, {"count": 1}, start=0.7, end=0.9)
    assert late.values.mean() == pytest.approx(250, abs=3)
    with pytest.raises(VideoError, match=r"the span 2-1 s is not inside its 1 s|span 2-\d"):
        read_frames(path, {"count": 1}, start=2.0)


class Mean(Encoder):
    """The mean of each frame."""

    reads, dim, sampling, short_side, crop = "frames", 1, {"kind": "uniform", "count": 2}, 16, "center"  # type: ignore[assignment]

    def forward(self, x: Any, mask: Any) -> Stream:
        return Stream(x.float().mean((2, 3, 4))[..., None], mask)

    def describe(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("every", [None, 10.0, "shots"])
def test_spans_of_a_picture_and_of_an_animated_one(every: Any, tmp_path: Path) -> None:
    reader = Reader({"image": Mean()})
    (still,) = reader.read(saved(tmp_path / "a.jpg"), every)
    assert still.clip.span == (0.0, 0.0)
    assert still.streams["image"].values.shape == (2, 1)
    spans = list(reader.read(animated(tmp_path / "a.webp"), 0.5 if every == 10.0 else every))
    assert [each.clip.span for each in spans] == ([(0, 0.5), (0.5, 1.0)] if every == 10.0 else [(0, 1.0)])
    assert spans[-1].streams["image"].values[-1].item() == pytest.approx(250, abs=3)


def test_the_middle_square(tmp_path: Path) -> None:
    clip = Clip("a", str(saved(tmp_path / "a.jpg")), duration=0.0)
    assert read_clip_frames(clip, FrameRequest(THREE, 16, "center")).values.shape == (3, 16, 16, 3)


def test_a_text_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "text.jpg"
    for content in (b"hello\n", b"a long text\n" * 1000):
        path.write_bytes(content)
        with pytest.raises(
            VideoError, match=r"text\.jpg: is neither a picture \(JPEG, .*\) nor a video"
        ) as caught:
            probe(path)
        assert "\n" not in caught.value.line


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp"])
def test_a_picture_that_is_cut_off(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VideoError, match=rf"{name}: cannot be read as a picture \(\w+\): "):
        read_frames(path, {"count": 1})
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(VideoError, match=name):
        read_frames(path, {"count": 1})


@pytest.mark.parametrize("side", [7000, 60000])
def test_a_huge_picture_is_refused_before_it_is_decoded(side: int, tmp_path: Path, recwarn: Any) -> None:
    path = wide_png(tmp_path / "bomb.png", side)
    for read in (probe, lambda path: read_frames(path, {"count": 1})):
        with pytest.raises(
            TooLarge, match=rf"its pictures are {side} x {side}; at most 35\.4 million"
        ) as caught:
            read(path)
        assert caught.value.hint is not None
        assert caught.value.hint.endswith("small.jpg")
    assert not recwarn.list


def test_many_large_pictures_at_once_are_refused(tmp_path: Path) -> None:
    path = wide_png(tmp_path / "large.png", 4000)
    with pytest.raises(TooLarge, match="GiB of memory"):
        read_frames(path, {"count": 60})


def heic(path: Path) -> Path:
    """The beginning of one."""
    path.write_bytes(struct.pack(">I", 28) + b"ftypmif1\0\0\0\0mif1heicmiaf" + bytes(64))
    return path


def test_heic_without_its_codec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(VideoError, match="is a HEIC picture, and nothing here reads those") as caught:
        probe(heic(tmp_path / "phone.heic"))
    assert caught.value.hint == "pip install pillow-heif, or save it as a JPEG"


def test_heic_with_its_codec(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(scene())).save(str(tmp_path / "phone.heic"))
    assert corners(tmp_path / "phone.heic") == ["red", "green", "blue", "blue"]
    with pytest.raises(VideoError, match="cannot be read as a picture"):
        probe(heic(tmp_path / "part.heic"))


def test_a_film_whatever_its_name(tmp_path: Path) -> None:
    from films import make

    film = make(tmp_path / "film.mp4").rename(tmp_path / "film.jpg")
    assert probe(film).duration > 1
    assert corners(saved(tmp_path / "picture.mp4", format="PNG")) == ["red", "green", "blue", "blue"]
