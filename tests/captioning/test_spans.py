"""Long videos in spans: where they are cut, and that one pass gives what reading each span would."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import pytest
import torch
from films import make, slope

from vidcap_core.captioning import span_passes
from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.captioning.shots import cuts
from vidcap_core.captioning.spans import parse, spans
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import clip_reader, limits, read_audio, read_frames
from vidcap_core.video.frame_request import FrameRequest


def test_what_a_person_types() -> None:
    assert parse("10") == 10.0
    assert parse("shots") == "shots"
    for text in ("0", "-1", "nan", "inf", "scenes"):
        with pytest.raises(UserError, match="--every 10, or --every shots"):
            parse(text)


def test_spans_are_neither_tiny_nor_countless() -> None:
    with pytest.raises(UserError, match=r"'1e-9': at least 0\.1 s\n  try: --every 10"):
        parse("1e-9")
    with pytest.raises(
        VideoError, match=r"86400 s in spans of 0\.5 s are more than 100,000\n  try: --every 1"
    ):
        spans("day.mp4", 86_400.0, 0.5, lambda: False)


@pytest.mark.parametrize(
    ("duration", "edges"),
    [
        (30.0, [0, 10, 20, 30]),
        (34.0, [0, 10, 20, 34]),
        (36.0, [0, 10, 20, 30, 36]),
        (4.0, [0, 4]),
        (10.0, [0, 10]),
    ],
)
def test_a_short_rest_belongs_to_the_span_before(duration: float, edges: list[float]) -> None:
    cut = spans("", duration, 10.0, lambda: False)
    assert cut == list(itertools.pairwise(edges))


def room(index: int) -> np.ndarray:
    """Three shots of 3 s: one still, one that pans over many colours, one that slowly grows dark."""
    if index < 30:
        return np.full((48, 64, 3), (200, 40, 40), np.uint8)
    y, x = np.mgrid[:48, :64]
    if index < 60:
        return np.stack([(4 * x + 3 * index) % 256, (5 * y) % 256, np.full_like(x, 30)], -1).astype(np.uint8)
    return np.full((48, 64, 3), 250 - 6 * (index - 60), np.uint8) + (x[..., None] % 2).astype(np.uint8)


def test_shots(tmp_path: Path) -> None:
    path = make(tmp_path / "shots.mp4", 90, room)
    assert cuts(path) == pytest.approx([3.0, 6.0], abs=0.11)
    assert spans(path, 9.0, "shots", lambda: False)[1] == pytest.approx((3.0, 6.0), abs=0.11)


def test_one_shot_is_one_span(tmp_path: Path) -> None:
    path = make(tmp_path / "one.mp4", 40, slope)
    assert spans(path, 4.0, "shots", lambda: False) == [(0.0, 4.0)]


@pytest.mark.parametrize(("codec", "suffix"), [("libx264", "mp4"), ("mpeg4", "avi"), ("libx264", "mkv")])
def test_one_pass_gives_the_frames_of_each_span(tmp_path: Path, codec: str, suffix: str) -> None:
    path = make(tmp_path / f"a.{suffix}", 73, slope, codec=codec, options={"g": "12"})
    requests = [
        FrameRequest({"kind": "uniform", "count": 5}, None),
        FrameRequest({"kind": "fps", "rate": 4}, 24),
        FrameRequest({"kind": "windows", "size": 4, "stride": 2, "rate": 10}, 24),
    ]
    cut = spans(path, 7.3, 2.0, lambda: False)
    for (start, end), found in zip(cut, span_passes.frames_of(path, cut, requests), strict=True):
        for request, film in zip(requests, found, strict=True):
            alone = read_frames(path, request.sampling, start=start, end=end, short_side=request.short_side)
            np.testing.assert_array_equal(film.values, alone.values)
            np.testing.assert_array_equal(film.times, alone.times)


def test_one_pass_gives_the_sound_of_each_span(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as out:
        video, audio = out.add_stream("libx264", rate=10), out.add_stream("aac", rate=44100, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(60):
            out.mux(video.encode(av.VideoFrame.from_ndarray(slope(index), format="rgb24")))
        out.mux(video.encode())
        tone = np.sin(np.arange(5 * 44100) * np.linspace(0.01, 0.06, 5 * 44100)).astype(np.float32) * 0.5
        frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        frame.sample_rate = 44100
        out.mux(audio.encode(frame))
        out.mux(audio.encode())
    cut = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    for (start, end), found in zip(cut, span_passes.sound_of(path, cut), strict=True):
        alone = read_audio(path, start=start, end=end)
        assert len(found) == len(alone)
        # a resampler that began elsewhere may be a part of a sample off
        steepest = np.abs(np.diff(alone)).max()
        np.testing.assert_allclose(found, alone, atol=steepest)
    assert len(found) < 32_000, "the sound ends before the pictures"


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", 200, slope, options={"g": "10"}, container={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cut = spans(path, 20.0, 2.0, lambda: False)
    with pytest.raises(VideoError, match=r"cut off|cannot be read"):
        list(span_passes.frames_of(path, cut, [FrameRequest({"kind": "uniform", "count": 4}, None)]))


class Everything(Encoder):
    """An encoder that wants each picture of a file."""

    reads, dim = "frames", 1
    sampling: ClassVar[dict[str, Any]] = {"kind": "fps", "rate": 10}

    def forward(self, frames: torch.Tensor, mask: torch.Tensor) -> Stream:
        return Stream(frames.float().mean((2, 3, 4))[..., None], mask)


def test_what_would_not_fit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a.mp4", 60, slope)
    reader = Reader({"image": Everything()})
    monkeypatch.setattr(limits, "BYTES", 30 * 64 * 48 * 3)
    monkeypatch.setattr(clip_reader, "read_frames", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(VideoError, match=r"6 s at once would need .* GiB of memory.*\n  try: --every 60"):
        next(reader.read(path))
    with pytest.raises(VideoError, match="a shorter --every"):
        next(reader.read(path, every=5.0))


def test_ten_hours(tmp_path: Path) -> None:
    """A picture every ten seconds, of which an encoder wants ten a second: whole 3 GiB, in spans a few MB at a time."""
    path = make(
        tmp_path / "long.mp4", 3600, slope, stamps=[10.0 * n for n in range(3600)], options={"g": "60"}
    )
    reader = Reader({"image": Everything()})
    with pytest.raises(VideoError, match=r"would need 3.* GiB of memory"):
        next(reader.read(path))
    tracemalloc.start()
    try:
        ends = [
            encoded.clip.end for encoded, _ in zip(reader.read(path, every=20.0), range(50), strict=False)
        ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ends == [20.0 * n for n in range(1, 51)]
    assert peak < 10 * (20 * 10 * 64 * 48 * 3), "ten times the pictures of one span"
