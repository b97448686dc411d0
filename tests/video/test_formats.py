"""One table of containers, codecs and pixel formats; another of files that are no film; damage; how pictures lie."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import MATRICES, add_sound, grey_level, lay, make, seen, slope, sound, tone

from vidcap_core.errors import VideoError
from vidcap_core.video import read_audio, read_frames
from vidcap_core.video.probe import probe

FOUR = {"kind": "uniform", "count": 4}
X265 = {"x265-params": "log-level=none"}
KINDS: dict[str, dict[str, Any]] = {
    "h264.mkv": {},
    "h264.mov": {},
    "h264.ts": {},
    "h264.flv": {"options": {"bf": "0"}},  # with B-frames its header counts the delay: two pictures too much
    "h265.mp4": {"codec": "libx265", "options": X265},
    "mpeg4.avi": {"codec": "mpeg4"},
    "wmv2.wmv": {"codec": "wmv2"},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "transparent.webm": {"codec": "libvpx-vp9", "pixels": "yuva420p"},
    "live.webm": {"codec": "libvpx", "container": {"live": "1"}},  # says no duration
    "av1.mp4": {
        "codec": "libsvtav1",
        "size": (64, 64),
        "picture": lambda i: np.full((64, 64, 3), i * 10, np.uint8),
    },
    "moving.gif": {"codec": "gif", "pixels": "rgb8"},
    "raw.avi": {"codec": "rawvideo", "pixels": "bgr24"},
    "422.mp4": {"pixels": "yuv422p"},
    "444.mp4": {"pixels": "yuv444p"},
    "ten_bits.mp4": {"pixels": "yuv420p10le"},
    "422_ten_bits.mp4": {"pixels": "yuv422p10le"},
    "h265_ten_bits.mp4": {"codec": "libx265", "pixels": "yuv420p10le", "options": X265},
    "rgb.mkv": {"codec": "ffv1", "pixels": "bgr0"},
    "grey.mkv": {
        "codec": "ffv1",
        "pixels": "gray",
        "source": "gray",
        "picture": lambda i: grey_level(i)[..., 0],
    },
    "grey_ten_bits.mkv": {"codec": "ffv1", "pixels": "gray10le"},
    "odd.mp4": {"pixels": "yuv444p", "size": (51, 37)},
    "odd.webm": {"codec": "libvpx-vp9", "size": (51, 37)},
    "thin.mkv": {"codec": "ffv1", "size": (300, 2)},
    "late.mkv": {"stamps": [1.5 + i / 10 for i in range(20)]},
    "late.ts": {"stamps": [1.5 + i / 10 for i in range(20)]},
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file(name: str, tmp_path: Path) -> None:
    path = make(tmp_path / name, **KINDS[name])
    width, height = KINDS[name].get("size", (64, 48))
    info = probe(path)
    assert (info.width, info.height) == (width, height)
    assert info.duration == pytest.approx(
        2, abs=0.11
    )  # VP8 in a live file does not say how long its last picture is
    film = read_frames(path, FOUR).values
    assert film.shape == (4, height, width, 3)
    assert film.mean((1, 2, 3)) / 10 == pytest.approx([2, 7, 12, 17], abs=0.25)
    again = read_frames(path, FOUR, start=1.0, end=2.0, short_side=32).values
    assert again.shape[1:3] == (
        round(height * 32 / min(width, height)),
        round(width * 32 / min(width, height)),
    )
    assert again.mean((1, 2, 3)) / 10 == pytest.approx([11, 13, 16, 18], abs=0.25)


def test_a_sound_that_outlasts_the_pictures(tmp_path: Path) -> None:
    """Matroska's header says how long the longest track is."""
    path = tmp_path / "song.mkv"
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=10)
        audio: Any = out.add_stream("pcm_s16le", rate=16000, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(20):
            out.mux(video.encode(av.VideoFrame.from_ndarray(grey_level(index), format="rgb24")))
        out.mux(video.encode())
        add_sound(out, audio, tone(6, 16000))
    assert probe(path).duration == pytest.approx(2, abs=0.01)
    assert read_frames(path, FOUR).values.mean((1, 2, 3)) / 10 == pytest.approx([2, 7, 12, 17], abs=0.2)


def picture_file(path: Path, format: str) -> Path:
    from PIL import Image

    Image.fromarray(slope(0)).save(path, format=format)
    return path


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_picture_that_calls_itself_a_film(format: str, tmp_path: Path) -> None:
    """It shows that picture, or the reason is said."""
    path = picture_file(tmp_path / "still.mp4", format)
    try:
        film = read_frames(path, FOUR).values
    except VideoError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - both outcomes are right, a crash is none
        return
    assert film.shape == (4, 48, 64, 3)
    assert np.abs(film - slope(0).astype(float)).mean() < 8
    assert (probe(path).width, probe(path).height) == (64, 48)


def no_film(folder: Path) -> dict[str, tuple[Path, str]]:
    """Name -> file, and what is said of it."""
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("hello " * 300)
    (folder / "zeros.mp4").write_bytes(bytes(5000))
    (folder / "noise.mkv").write_bytes(np.random.default_rng(0).bytes(5000))
    (folder / "folder.mp4").mkdir()
    cut = make(folder / "cut.mp4")
    cut.write_bytes(cut.read_bytes()[:-400])  # the index of an mp4 is at its end
    return {
        "empty": (folder / "empty.mp4", "the file is empty"),
        "text": (folder / "text.mp4", "cannot be read as a video|has no pictures"),
        "zeros": (folder / "zeros.mp4", "cannot be read as a video"),
        "noise": (folder / "noise.mkv", "cannot be read as a video"),
        "gone": (folder / "gone.mp4", "there is no such file"),
        "folder": (folder / "folder.mp4", "there is no such file"),
        "cut": (cut, "cannot be read as a video|no picture could be decoded"),
        "song": (sound(folder / "song.wav"), "has no pictures, only sound"),
    }


@pytest.mark.parametrize("name", ["empty", "text", "zeros", "noise", "gone", "folder", "cut", "song"])
def test_files_that_hold_no_film(name: str, tmp_path: Path) -> None:
    path, reason = no_film(tmp_path)[name]
    for read in (lambda: read_frames(path, FOUR), lambda: probe(path)):
        with pytest.raises(VideoError, match=reason) as caught:
            read()
        assert str(caught.value).startswith(f"{path}: ")


def test_spans_and_tracks_that_are_not_there(tmp_path: Path) -> None:
    mute = make(tmp_path / "mute.mp4")
    with pytest.raises(VideoError, match=r"mute\.mp4: has no sound"):
        read_audio(mute)
    for start, end in [(5, 9), (-1, 1), (1, 1)]:
        with pytest.raises(VideoError, match=r"mute\.mp4: the span .* not inside its 2 s"):
            read_frames(mute, FOUR, start=start, end=end)


DAMAGED = {
    "h264.mp4": {},
    "h264.mkv": {},
    "h264.ts": {},
    "h265.mp4": {"codec": "libx265", "options": X265},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "mpeg4.avi": {"codec": "mpeg4"},
}


def moving(index: int) -> np.ndarray:
    return np.clip(slope(index % 7 * 9).astype(int) + index, 0, 255).astype(np.uint8)


def packets(path: Path) -> dict[float, tuple[bytes, bool]]:
    """What the container hands out by time: bytes, and whether they are a key picture."""
    with av.open(str(path)) as container:
        found = [p for p in container.demux(video=0) if p.size and p.pts is not None]
        return {float(p.pts * p.time_base): (bytes(p), p.is_keyframe) for p in found}


@pytest.mark.parametrize("how", ["zeros", "noise"])
@pytest.mark.parametrize("name", DAMAGED)
def test_damage_in_the_middle(name: str, how: str, tmp_path: Path) -> None:
    """An error that names the file, or right pictures but for those hit, and those that refer to them."""
    kind = {**DAMAGED[name], "options": {**DAMAGED[name].get("options", {}), "g": "10"}}
    whole = make(tmp_path / name, 100, moving, **kind)
    raw = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        places = sorted(p.pos for p in container.demux(video=0) if p.size and p.pos is not None)
    first, last = places[45], places[50]
    raw[first:last] = bytes(last - first) if how == "zeros" else np.random.default_rng(0).bytes(last - first)
    path = tmp_path / f"damaged_{name}"
    path.write_bytes(raw)
    sampling = {"kind": "uniform", "count": 100}
    began = time.monotonic()
    try:
        got = read_frames(path, sampling)
    except VideoError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - either is right
        return
    finally:
        assert time.monotonic() - began < 20
    wanted = read_frames(whole, sampling)
    np.testing.assert_allclose(got.times, wanted.times)
    wrong = np.abs(got.values.astype(int) - wanted.values).mean((1, 2, 3)) > 1
    were, are = packets(whole), packets(path)
    lost = [moment for moment, packet in were.items() if are.get(moment) != packet]
    assert lost
    again = min(
        (moment for moment, (_, key) in were.items() if key and moment > max(lost)), default=max(were)
    )
    refer = 0.4  # pictures shown before a lost one may refer to it: H.264 has up to three between two that they use
    hit = (got.times > min(lost) - min(were) - refer) & (got.times < again - min(were))
    assert not (wrong & ~hit).any(), (got.times[wrong], min(lost), again)


@pytest.mark.parametrize("name", MATRICES)
def test_how_pictures_lie(name: str, tmp_path: Path) -> None:
    """Frames as a player shows them, whatever the header says: turned or mirrored."""
    path = lay(make(tmp_path / "r.mp4", 5, slope, options={"qp": "0"}), MATRICES[name])
    wanted = seen(
        read_frames(make(tmp_path / "plain.mp4", 5, slope, options={"qp": "0"}), FOUR).values[0],
        MATRICES[name],
    )
    np.testing.assert_array_equal(read_frames(path, FOUR).values[0], wanted)


@pytest.mark.parametrize("name", MATRICES)
def test_probe_says_the_size_as_it_is_shown(name: str, tmp_path: Path) -> None:
    path = lay(make(tmp_path / "r.mp4", 5, slope), MATRICES[name])
    info = probe(path)
    assert (info.width, info.height) == seen(slope(0), MATRICES[name]).shape[1::-1]


def test_a_slight_turn_is_none(tmp_path: Path) -> None:
    angle = math.radians(20)
    matrix = (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle))
    info = probe(lay(make(tmp_path / "r.mp4", 5), matrix))
    assert (info.width, info.height) == (64, 48)
