"""Real files of every troublesome kind: the right frames, or a VideoError that names file and reason."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import decoder, probe, read_audio, read_frames
from vidcap_core.video.sampling import times

FOUR = {"kind": "uniform", "frames": 4}


def grey_level(index: int) -> np.ndarray:
    return np.full((48, 64, 3), index * 10, np.uint8)


def noise(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def make(
    path: Path,
    count: int = 20,
    picture: Callable[[int], np.ndarray] = grey_level,
    stamps: Sequence[float] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    source: str = "rgb24",
    size: tuple[int, int] = (64, 48),
    options: dict[str, str] | None = None,
    colour: tuple[int, int] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    with av.open(str(path), "w", options=container or {}) as out:
        stream: Any = out.add_stream(codec, rate=10, options=options or {})
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        stream.codec_context.time_base = Fraction(1, 1000)
        if colour:
            stream.codec_context.colorspace, stream.codec_context.color_range = colour
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(picture(index), format=source)
            frame.pts = round((stamps[index] if stamps else index / 10) * 1000)
            frame.time_base = Fraction(1, 1000)
            if colour:
                frame.colorspace, frame.color_range = colour
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def levels(path: Path, **options: Any) -> list[float]:
    return [float(frame.mean()) / 10 for frame in read_frames(path, **{"sampling": FOUR, **options}).values]


def test_uniform_takes_the_middles(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    assert levels(path) == pytest.approx([2, 7, 12, 17], abs=0.2)
    assert levels(path, start=1.0, end=2.0) == pytest.approx([11, 13, 16, 18], abs=0.2)


def test_variable_frame_rate_goes_by_time(tmp_path: Path) -> None:
    path = make(tmp_path / "vfr.mp4", 8, stamps=[0, 0.1, 0.2, 0.3, 3, 3.1, 3.2, 3.3])
    film = read_frames(path, {"kind": "uniform", "frames": 8})
    # all moments between 0.3 s and 3 s show the fourth picture
    assert [round(float(f.mean()) / 10) for f in film.values] == [2, 3, 3, 3, 3, 3, 3, 5]


def test_one_picture_is_shown_at_every_moment(tmp_path: Path) -> None:
    assert levels(make(tmp_path / "one.mp4", 1)) == pytest.approx([0] * 4, abs=0.2)


def test_odd_size_and_grey(tmp_path: Path) -> None:
    odd = make(tmp_path / "odd.mkv", codec="ffv1", pixels="yuv444p", size=(51, 37))
    assert read_frames(odd, FOUR).values.shape == (4, 37, 51, 3)
    grey = make(
        tmp_path / "grey.mkv",
        codec="ffv1",
        pixels="gray",
        source="gray",
        picture=lambda i: grey_level(i)[..., 0],
    )
    assert levels(grey) == pytest.approx([2, 7, 12, 17], abs=0.01)


def test_short_side_while_decoding(tmp_path: Path) -> None:
    film = read_frames(make(tmp_path / "a.mp4"), FOUR, short_side=24)
    assert film.values.shape == (4, 24, 32, 3)
    assert [float(f.mean()) / 10 for f in film.values] == pytest.approx([2, 7, 12, 17], abs=0.2)


@pytest.mark.parametrize(
    ("space", "weights"), [(1, (0.2126, 0.0722)), (5, (0.299, 0.114)), (6, (0.299, 0.114))]
)
@pytest.mark.parametrize("limits", [1, 2])
def test_colour(tmp_path: Path, space: int, weights: tuple[float, float], limits: int) -> None:
    """R = Y + 2 (1 - kr) V, B = Y + 2 (1 - kb) U, Y = kr R + kg G + kb B, from limited or full range."""
    planes = np.empty((72, 64), np.uint8)
    planes[:48], planes[48:60], planes[60:] = 100, 90, 180
    path = make(
        tmp_path / "c.mp4", 3, lambda i: planes, source="yuv420p", options={"qp": "0"}, colour=(space, limits)
    )
    kr, kb = weights
    y, u, v = (84 / 219, -38 / 224, 52 / 224) if limits == 1 else (100 / 255, -38 / 255, 52 / 255)
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    got = read_frames(path, {"kind": "uniform", "frames": 1}).values[0, 24, 32]
    np.testing.assert_allclose(got, np.array([red, green, blue]) * 255, atol=2.5)


@pytest.mark.parametrize(
    ("degrees", "corners", "size"),
    [(0, (220, 220, 30, 30), (48, 64)), (90, (30, 220, 30, 220), (64, 48)),
     (180, (30, 30, 220, 220), (48, 64)), (270, (220, 30, 220, 30), (64, 48))],
)  # fmt: skip
def test_rotation(tmp_path: Path, degrees: int, corners: tuple[int, ...], size: tuple[int, int]) -> None:
    """A film of white over black whose header says how far it must be turned clockwise."""
    path = make(
        tmp_path / "r.mp4",
        5,
        lambda i: np.repeat(np.uint8([220, 30]), 24)[:, None, None] + np.zeros((48, 64, 3), np.uint8),
    )
    raw = bytearray(path.read_bytes())
    place = raw.find(b"tkhd") + 4 + 4 + 20 + 16
    cos, sin = round(math.cos(math.radians(degrees))) << 16, round(math.sin(math.radians(degrees))) << 16
    raw[place : place + 36] = struct.pack(">9i", cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30)
    path.write_bytes(raw)
    frame = read_frames(path, FOUR).values[0]
    assert frame.shape[:2] == size
    got = [int(frame[y, x, 0]) for y in (2, -3) for x in (2, -3)]
    np.testing.assert_allclose(got, corners, atol=4)


@pytest.mark.parametrize(
    ("codec", "suffix"), [("libx264", "mp4"), ("libx264", "avi"), ("libx265", "mp4"), ("mpeg4", "avi")]
)
def test_the_fast_way_gives_the_same_pictures(
    tmp_path: Path, codec: str, suffix: str, monkeypatch: Any
) -> None:
    options = (
        {"g": "12", "bf": "3", "x265-params": "log-level=none"}
        if codec == "libx265"
        else {"g": "12", "bf": "3"}
    )
    path = make(tmp_path / f"f.{suffix}", 90, noise, codec=codec, options=options)
    for count in (1, 3, 20, 90):
        sampling = {"kind": "uniform", "frames": count}
        fast = read_frames(path, sampling).values
        with monkeypatch.context() as patch:
            patch.setattr(decoder, "_skim", lambda *args: None)
            plain = read_frames(path, sampling).values
        np.testing.assert_array_equal(fast, plain)


def test_real_files_fast_and_plain(shared_data: Path, monkeypatch: Any) -> None:
    paths = sorted((shared_data / "msrvtt" / "clips").glob("*.mp4"))
    assert paths
    for path in paths:
        fast = read_frames(path, {"kind": "uniform", "frames": 16}).values
        with monkeypatch.context() as patch:
            patch.setattr(decoder, "_skim", lambda *args: None)
            np.testing.assert_array_equal(read_frames(path, {"kind": "uniform", "frames": 16}).values, fast)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7])
def test_cut_off(tmp_path: Path, share: float) -> None:
    whole = make(tmp_path / "w.mp4", 100, noise, container={"movflags": "faststart"}).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(VideoError, match=r"cut\.mp4: is cut off: .* of 10\.0 s"):
        read_frames(path, FOUR)


def test_cut_off_before_its_index(tmp_path: Path) -> None:
    path = make(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(
        VideoError, match=r"cut\.mp4: (cannot be read as a video|no picture could be decoded)"
    ):
        read_frames(path, FOUR)


def sound(path: Path, channels: str = "stereo") -> Path:
    wave = (np.sin(2 * np.pi * 440 * np.arange(88200) / 44100) * 16000).astype(np.int16)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("pcm_s16le", rate=44100, layout=channels)
        count = 2 if channels == "stereo" else 1
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, count)[None], format="s16", layout=channels)
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.mark.parametrize("channels", ["mono", "stereo"])
def test_sound(tmp_path: Path, channels: str) -> None:
    path = sound(tmp_path / "s.wav", channels)
    samples = read_audio(path)
    assert samples.dtype == np.float32
    assert samples.shape == (32000,)
    assert np.abs(samples[1000:-1000]).max() == pytest.approx(16000 / 32768, rel=0.01)
    assert np.abs(np.fft.rfft(samples)).argmax() / 2 == 440  # two seconds: half a hertz a bin
    np.testing.assert_array_equal(read_audio(path, start=0.5, end=1.0), samples[8000:16000])


def test_files_that_hold_no_film(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("hello " * 300)
    sound(tmp_path / "song.wav")
    make(tmp_path / "mute.mp4")
    for name, reason in [("empty", "empty"), ("text", "cannot be read"), ("gone", "no such file")]:
        for read in (lambda p: read_frames(p, FOUR), probe, read_audio):
            with pytest.raises(VideoError, match=rf"{name}\.mp4: .*{reason}"):
                read(tmp_path / f"{name}.mp4")
    with pytest.raises(VideoError, match="only sound"):
        read_frames(tmp_path / "song.wav", FOUR)
    with pytest.raises(VideoError, match="no sound"):
        read_audio(tmp_path / "mute.mp4")
    with pytest.raises(VideoError, match="not inside its 2 s"):
        read_frames(tmp_path / "mute.mp4", FOUR, start=5, end=9)


def test_decord_gives_the_same_moments(tmp_path: Path) -> None:
    pytest.importorskip("decord", reason="decord is not installed")
    path = make(tmp_path / "a.mp4")
    assert levels(path, decoder="decord") == pytest.approx(levels(path), abs=0.3)
    with pytest.raises(UserError, match="no decoder"):
        read_frames(path, FOUR, decoder="pyvideo")


def test_sampling() -> None:
    np.testing.assert_allclose(times(FOUR, 1, 3), [1.25, 1.75, 2.25, 2.75])
    segment = {"kind": "segment", "frames": 4}
    drawn = times(segment, 0, 4, np.random.default_rng(0))
    assert (np.floor(drawn) == [0, 1, 2, 3]).all()
    np.testing.assert_array_equal(drawn, times(segment, 0, 4, np.random.default_rng(0)))
    np.testing.assert_allclose(times({"kind": "fps", "rate": 2}, 0, 2), [0.25, 0.75, 1.25, 1.75])
    assert len(times({"kind": "fps", "rate": 10, "frames": 5}, 0, 10)) == 5
    clips = times({"kind": "clips", "clips": 2, "frames": 3, "rate": 10}, 0, 4).reshape(2, 3)
    np.testing.assert_allclose(clips, [[0.9, 1.0, 1.1], [2.9, 3.0, 3.1]])
    for wrong in ({"kind": "often"}, {"kind": "uniform"}, {"kind": "fps", "rate": 0}, {**FOUR, "rate": 1}):
        with pytest.raises(UserError):
            times(wrong, 0, 1)
