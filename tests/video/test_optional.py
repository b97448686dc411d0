"""decord and torchcodec show what PyAV shows; where they cannot be had, the reason is said once, not for each file."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import MATRICES, lay, make, seen, slope

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import read_frames

FOUR = {"kind": "uniform", "count": 4}
CLOSE = 4.0
"""Mean difference in levels of 255 that two scalers and two ways to colours may have; two pictures differ by more."""


@pytest.fixture(params=["decord", "torchcodec"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A decoder that works here."""
    name = str(request.param)
    pytest.importorskip(name, reason=f"{name} is not installed")
    try:
        read_frames(make(tmp_path / "first.mp4", 2), FOUR, decoder=name)
    except UserError as error:
        pytest.skip(str(error))
    return name


def frames(index: int) -> np.ndarray:
    return slope(index * 6)


FILMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain.mp4": ({}, {}),
    "groups.mp4": (
        {"count": 60, "options": {"g": "12", "bf": "2"}},
        {"sampling": {"kind": "uniform", "count": 20}},
    ),
    "span.mp4": ({"count": 60, "options": {"g": "12"}}, {"start": 2.2, "end": 4.7}),
    "past_the_end.mp4": ({}, {"start": 1.0, "end": 99.0}),
    "clips.mp4": ({"count": 60}, {"sampling": {"kind": "clips", "clips": 3, "count": 4, "rate": 5}}),
    "smaller.mp4": ({}, {"short_side": 24}),
    "larger.mp4": ({}, {"short_side": 100}),
    "one.mp4": ({"count": 1}, {}),
    "vfr.mp4": (
        {"count": 8, "stamps": [0, 0.1, 0.2, 0.3, 3, 3.1, 3.2, 3.3]},
        {"sampling": {"kind": "uniform", "count": 9}},
    ),
    "late.mkv": ({"stamps": [1.5 + i / 10 for i in range(20)]}, {}),
    "vp9.webm": ({"codec": "libvpx-vp9"}, {}),
}


@pytest.mark.parametrize("name", FILMS)
def test_the_same_pictures(name: str, other: str, tmp_path: Path) -> None:
    how, asked = FILMS[name]
    path = make(tmp_path / name, **{"picture": frames, **how})
    asked = {"sampling": FOUR, **asked}
    wanted, got = read_frames(path, **asked), read_frames(path, **asked, decoder=other)
    np.testing.assert_allclose(got.times, wanted.times)
    assert got.values.shape == wanted.values.shape
    assert np.abs(got.values.astype(int) - wanted.values).mean((1, 2, 3)).max() < CLOSE


@pytest.mark.parametrize("short_side", [None, 24])
@pytest.mark.parametrize("name", MATRICES)
def test_turned_and_mirrored(name: str, short_side: int | None, other: str, tmp_path: Path) -> None:
    path = make(tmp_path / "film.mp4", picture=frames)
    wanted = seen(read_frames(path, FOUR, short_side=short_side).values[0], MATRICES[name])
    got = read_frames(lay(path, MATRICES[name]), FOUR, short_side=short_side, decoder=other).values[0]
    assert got.shape == wanted.shape
    assert np.abs(got.astype(int) - wanted).mean() < CLOSE


def test_real_files(shared_data: Path, other: str) -> None:
    paths = sorted((shared_data / "msrvtt" / "clips").glob("*.mp4"))
    assert paths
    for path in paths:
        wanted = read_frames(path, FOUR, short_side=112).values.astype(int)
        assert np.abs(wanted - read_frames(path, FOUR, short_side=112, decoder=other).values).mean() < CLOSE


def test_mistakes_are_the_same(other: str, tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match="not inside its 2 s"):
        read_frames(path, FOUR, start=5, end=9, decoder=other)
    (tmp_path / "text.mp4").write_text("hello " * 300)
    with pytest.raises(VideoError, match=r"text\.mp4: "):
        read_frames(tmp_path / "text.mp4", FOUR, decoder=other)


def test_decord_does_not_guess(tmp_path: Path) -> None:
    """It finds no time stamps in AVI, and seeks to other pictures than it was asked for."""
    pytest.importorskip("decord", reason="decord is not installed")
    path = make(tmp_path / "a.avi", 60, slope, options={"g": "12", "bf": "2"})
    with pytest.raises(VideoError, match=r"a\.avi: decord cannot read it: .* use decoder='pyav'"):
        read_frames(path, FOUR, decoder="decord")


def test_no_such_decoder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)no decoder is named 'pyvideo'.*pyav \| torchcodec \| decord"):
        read_frames(make(tmp_path / "a.mp4", 2), FOUR, decoder="pyvideo")


@pytest.mark.parametrize("name", ["decord", "torchcodec"])
def test_not_installed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(module: str, *rest: Any) -> Any:
        if module.partition(".")[0] == name:
            raise ModuleNotFoundError(f"No module named '{name}'")
        return real(module, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(
        UserError, match=rf"(?s)the decoder {name} cannot be used: No module.*pip install {name}"
    ):
        read_frames(make(tmp_path / "a.mp4", 2), FOUR, decoder=name)


def test_torchcodec_without_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It imports, and fails at the first file: that is no fault of the file, so no clip is skipped for it."""

    def decoder(path: str) -> Any:
        raise RuntimeError("Could not load libtorchcodec. Likely causes:\n  1. FFmpeg is not there\n ...")

    monkeypatch.setitem(sys.modules, "torchcodec", types.ModuleType("torchcodec"))
    library = types.ModuleType("torchcodec.decoders")
    library.VideoDecoder = decoder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", library)
    with pytest.raises(
        UserError, match=r"(?s)cannot be used: Could not load libtorchcodec\.\n.*shared libraries; or"
    ):
        read_frames(make(tmp_path / "a.mp4", 2), FOUR, decoder="torchcodec")
