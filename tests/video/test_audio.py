"""Sound on the clock of the pictures: mono, spans, late starts, gaps, damage, memory."""

from __future__ import annotations

import tracemalloc
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import add_sound, grey_level, make, sound, tone

from vidcap_core.errors import VideoError
from vidcap_core.video import read_audio


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_sound(tmp_path: Path, layout: str) -> None:
    path = sound(tmp_path / "s.wav", layout)
    samples = read_audio(path)
    assert samples.dtype == np.float32
    assert samples.shape == (32000,)
    assert np.abs(samples[1000:-1000]).max() == pytest.approx(16000 / 32768, rel=0.01)
    assert np.abs(np.fft.rfft(samples)).argmax() / 2 == 440  # two seconds: half a hertz a bin
    np.testing.assert_array_equal(read_audio(path, start=0.5, end=1.0), samples[8000:16000])
    assert read_audio(path, start=1.5, end=9).shape == (8000,)
    assert read_audio(path, start=5).shape == (0,)
    assert read_audio(path, rate=8000).shape == (16000,)


def pulses(time: np.ndarray) -> np.ndarray:
    """On for the first half of each second."""
    return time % 1 < 0.5


def film(
    path: Path, late: float = 0.0, codec: str = "aac", rate: int = 44100, video: str = "libx264"
) -> Path:
    """Four seconds of pictures; the sound, four seconds too, begins `late` (the pictures, where that is negative)."""
    with av.open(str(path), "w") as out:
        pictures: Any = out.add_stream(video, rate=10)
        track: Any = out.add_stream(codec, rate=rate, layout="stereo")
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        for index in range(40):
            frame = av.VideoFrame.from_ndarray(grey_level(index % 20), format="rgb24")
            frame.pts = index + round(max(0.0, -late) * 10)
            out.mux(pictures.encode(frame))
        out.mux(pictures.encode())
        add_sound(out, track, tone(4, rate, pulses), late=max(0.0, late))
    return path


def begins(samples: np.ndarray) -> list[float]:
    """Seconds at which it becomes loud."""
    loud = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).max(1) > 0.2
    return [round(place / 100, 2) for place in np.flatnonzero(np.diff(np.r_[0, loud.astype(int)]) == 1)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("late.mp4", {}),
        ("late.ts", {}),
        ("late.mov", {"codec": "pcm_s16le"}),
        ("late.mkv", {"codec": "libopus", "rate": 48000}),
        ("late.webm", {"codec": "libopus", "rate": 48000, "video": "libvpx"}),
    ],
)
def test_a_sound_that_starts_a_second_late(name: str, kind: dict[str, Any], tmp_path: Path) -> None:
    """An mp4 written here starts its AAC up to 1024 samples (23 ms) early: the encoder's delay, which no list mends."""
    path = film(tmp_path / name, late=1.0, **kind)
    samples = read_audio(path)
    assert len(samples) / 16000 == pytest.approx(5, abs=0.05)
    assert not samples[:15000].any()
    assert begins(samples) == pytest.approx([1, 2, 3, 4], abs=0.04)
    part = read_audio(path, start=1.75, end=3.25)
    assert part.shape == (24000,)
    assert begins(part) == pytest.approx([0.25, 1.25], abs=0.04)
    assert not read_audio(path, start=0.2, end=0.9).any()
    assert read_audio(path, start=0.2, end=0.9).shape == (11200,)


@pytest.mark.parametrize("name", ["early.mp4", "early.mkv"])
def test_a_sound_that_starts_before_the_pictures(name: str, tmp_path: Path) -> None:
    samples = read_audio(film(tmp_path / name, late=-1.0))
    assert len(samples) / 16000 == pytest.approx(3, abs=0.05)
    assert begins(samples) == pytest.approx([0, 1, 2], abs=0.04)


def test_a_late_span_is_the_same_sound(tmp_path: Path) -> None:
    """What is far before a span is not decoded; the rest is the same to half a sample of the span's rate."""
    path = film(tmp_path / "a.mp4")
    whole = read_audio(path)[2 * 16000 : 3 * 16000]
    part = read_audio(path, start=2, end=3)
    largest_step = 2 * np.pi * 440 / 16000 * 16000 / 32768
    assert np.abs(whole - part).max() < largest_step


def test_a_hole_in_the_sound_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "hole.mkv"
    with av.open(str(path), "w") as out:
        track: Any = out.add_stream("pcm_s16le", rate=16000, layout="mono")
        samples = tone(4, 16000)
        for at in (*range(0, 16000, 1000), *range(32000, 64000, 1000)):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + 1000], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16000, at
            out.mux(track.encode(frame))
    heard = read_audio(path)
    assert heard.shape == (64000,)
    assert not heard[16100:31900].any()
    np.testing.assert_allclose(heard[33000:63000], samples[33000:63000] / 32768, atol=1e-3)


def test_damage_in_the_middle_of_the_sound(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    raw = bytearray(path.read_bytes())
    first = len(raw) * 45 // 100
    raw[first : first + 2000] = np.random.default_rng(0).bytes(2000)
    path.write_bytes(raw)
    assert len(read_audio(path)) / 16000 == pytest.approx(4, abs=0.1)


def test_the_cover_of_a_song_is_no_film(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (32, 32)).save(tmp_path / "cover.png")
    with av.open(str(tmp_path / "song.mp3"), "w") as out:
        track: Any = out.add_stream("libmp3lame", rate=44100, layout="stereo")
        with av.open(str(tmp_path / "cover.png")) as picture:
            cover: Any = out.add_stream_from_template(picture.streams.video[0])
            cover.disposition = av.stream.Disposition.attached_pic.value
            for packet in picture.demux():
                if packet.size:
                    packet.stream = cover
                    out.mux(packet)
        add_sound(out, track, tone(2, 44100))
    assert np.abs(np.fft.rfft(read_audio(tmp_path / "song.mp3")[:32000])).argmax() / 2 == 440


def test_an_hour_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        second = tone(1, 8000).tobytes()
        for _ in range(60):
            out.writeframes(second * 60)
    tracemalloc.start()
    try:
        part = read_audio(path, start=3000, end=3002)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert part.shape == (32000,)
    assert np.abs(np.fft.rfft(part)).argmax() / 2 == 440
    assert peak < 3_000_000  # the hour is 230 MB at 16 kHz


@pytest.mark.parametrize("name", ["empty.mp4", "text.mp4", "gone.mp4"])
def test_files_without_any(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("hello " * 300)
    with pytest.raises(VideoError, match=rf"{name}: "):
        read_audio(tmp_path / name)
    with pytest.raises(VideoError, match="has no sound"):
        read_audio(make(tmp_path / "mute.mp4", 3))
