"""Real files of every troublesome kind: the right frames, or a VideoError that names file and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import make, noise

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import decoder, read_frames
from vidcap_core.video.sampling import frame_times

FOUR = {"kind": "uniform", "count": 4}


def levels(path: Path, **options: Any) -> list[float]:
    return [float(frame.mean()) / 10 for frame in read_frames(path, **{"sampling": FOUR, **options}).values]


def test_uniform_takes_the_middles(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    assert levels(path) == pytest.approx([2, 7, 12, 17], abs=0.2)
    assert levels(path, start=1.0, end=2.0) == pytest.approx([11, 13, 16, 18], abs=0.2)


def test_variable_frame_rate_goes_by_time(tmp_path: Path) -> None:
    path = make(tmp_path / "vfr.mp4", 8, stamps=[0, 0.1, 0.2, 0.3, 3, 3.1, 3.2, 3.3])
    film = read_frames(path, {"kind": "uniform", "count": 8})
    # all moments between 0.3 s and 3 s show the fourth picture
    assert [round(float(f.mean()) / 10) for f in film.values] == [2, 3, 3, 3, 3, 3, 3, 5]


def test_one_picture_is_shown_at_every_moment(tmp_path: Path) -> None:
    assert levels(make(tmp_path / "one.mp4", 1)) == pytest.approx([0] * 4, abs=0.2)


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
    got = read_frames(path, {"kind": "uniform", "count": 1}).values[0, 24, 32]
    np.testing.assert_allclose(got, np.array([red, green, blue]) * 255, atol=2.5)


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
        sampling = {"kind": "uniform", "count": count}
        fast = read_frames(path, sampling).values
        with monkeypatch.context() as patch:
            patch.setattr(decoder, "_decode_wanted", lambda *args: None)
            plain = read_frames(path, sampling).values
        np.testing.assert_array_equal(fast, plain)


def test_real_files_fast_and_plain(shared_data: Path, monkeypatch: Any) -> None:
    paths = sorted((shared_data / "msrvtt" / "clips").glob("*.mp4"))
    assert paths
    for path in paths:
        fast = read_frames(path, {"kind": "uniform", "count": 16}).values
        with monkeypatch.context() as patch:
            patch.setattr(decoder, "_decode_wanted", lambda *args: None)
            np.testing.assert_array_equal(read_frames(path, {"kind": "uniform", "count": 16}).values, fast)


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


def test_sampling() -> None:
    np.testing.assert_allclose(frame_times(FOUR, 1, 3), [1.25, 1.75, 2.25, 2.75])
    segment = {"kind": "segment", "count": 4}
    drawn = frame_times(segment, 0, 4, np.random.default_rng(0))
    assert (np.floor(drawn) == [0, 1, 2, 3]).all()
    np.testing.assert_array_equal(drawn, frame_times(segment, 0, 4, np.random.default_rng(0)))
    np.testing.assert_allclose(frame_times({"kind": "fps", "rate": 2}, 0, 2), [0.25, 0.75, 1.25, 1.75])
    assert len(frame_times({"kind": "fps", "rate": 10, "most": 5}, 0, 10)) == 5
    clips = frame_times({"kind": "clips", "clips": 2, "count": 3, "rate": 10}, 0, 4).reshape(2, 3)
    np.testing.assert_allclose(clips, [[0.9, 1.0, 1.1], [2.9, 3.0, 3.1]])
    for wrong in ({"kind": "often"}, {"kind": "uniform"}, {"kind": "fps", "rate": 0}, {**FOUR, "rate": 1}):
        with pytest.raises(UserError):
            frame_times(wrong, 0, 1)
