"""Copies of real files with wrong bits: pictures and sound, or a VideoError; no other error, no hang, no crash."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import add_sound, make, slope, tone
from odd_films import flipped, unknown

from vidcap_core.captioning import span_passes
from vidcap_core.captioning.shots import cuts
from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import read_audio, read_frames
from vidcap_core.video.frame_request import FrameRequest
from vidcap_core.video.probe import opened, probe

COPIES = 20
PATIENCE = 120.0
"""Seconds for all copies of a file; a sound machine needs two."""
KINDS: dict[str, tuple[str, str | None]] = {
    "film.mp4": ("libx264", "aac"),
    "film.mov": ("mpeg4", "pcm_s16le"),
    "film.mkv": ("libx264", "flac"),
    "film.webm": ("libvpx-vp9", None),
    "film.avi": ("mpeg4", "mp3"),
    "film.ts": ("mpeg2video", "mp2"),
    "film.flv": ("flv", "aac"),
    "film.mpg": ("mpeg2video", "mp2"),
    "film.nut": ("ffv1", None),
    "film.gif": ("gif", None),
}
READ = """
import json, sys
from test_damaged import read_everything
print(json.dumps([[path, read_everything(path)] for path in sys.argv[1:]]))
"""


def film(path: Path, codec: str, sound: str | None) -> Path:
    """Two seconds that change all the time, with a tone."""
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream(codec, rate=10)
        video.width, video.height = 64, 48
        video.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        audio: Any = out.add_stream(sound, rate=44100, layout="mono") if sound else None
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(slope(9 * (index % 7)), format="rgb24")
            out.mux(video.encode(frame.reformat(format=video.pix_fmt)))
        out.mux(video.encode())
        if audio is not None:
            add_sound(out, audio, tone(2, 44100))
    return path


def read_everything(path: str) -> list[str]:
    """Every way in; gives the errors that are no VideoError, and reasons that do not name the file."""
    spans = [(0.0, 1.0), (1.0, 2.0)]
    ways = {
        "probe": lambda: probe(path),
        "some": lambda: read_frames(path, {"count": 4}, short_side=32),
        "many": lambda: read_frames(path, {"kind": "fps", "rate": 10}),
        "spans": lambda: list(span_passes.frames_of(path, spans, [FrameRequest({"count": 2}, 32)])),
        "sound": lambda: read_audio(path),
        "sound of spans": lambda: list(span_passes.sound_of(path, spans)),
        "cuts": lambda: cuts(path),
    }
    wrong = []
    for name, read in ways.items():
        try:
            read()
        except VideoError as error:
            if not str(error).startswith(f"{path}: "):
                wrong.append(f"{name}: {error}")
        except BaseException as error:
            wrong.append(f"{name}: {error!r}")
    return wrong


@pytest.mark.parametrize("name", KINDS)
def test_wrong_bits(name: str, tmp_path: Path) -> None:
    raw = film(tmp_path / name, *KINDS[name]).read_bytes()
    rng = np.random.default_rng(list(name.encode()))
    copies = [tmp_path / f"{number}_{name}" for number in range(COPIES)]
    for copy in copies:
        copy.write_bytes(flipped(raw, rng))
    assert read_everything(str(tmp_path / name)) == []
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, copies)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
    )
    assert done.returncode == 0, done.stderr  # below 0: FFmpeg took the process with it
    assert [wrong for _, wrong in json.loads(done.stdout) if wrong] == []


def test_a_format_that_nobody_knows(tmp_path: Path) -> None:
    path = unknown(tmp_path / "a.mp4")
    for read in (lambda: probe(path), lambda: read_frames(path, {"count": 4})):
        with pytest.raises(
            VideoError, match=r"a\.mp4: the format of its pictures is not known here\n  try: "
        ):
            read()


@pytest.mark.parametrize(
    "error", [IndexError("list index out of range"), MemoryError(), OverflowError("inf")]
)
def test_whatever_is_raised_while_a_file_is_open(error: Exception, tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", 2)
    with (
        pytest.raises(VideoError, match=r"a\.mp4: (cannot be read|needs more memory)") as caught,
        opened(path),
    ):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [UserError("no such sampling"), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_not_the_file_s_fault_stays_what_it_is(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, opened(make(tmp_path / "a.mp4", 2)):
        raise error
    assert caught.value is error


def test_a_stray_time_stamp_of_the_sound(tmp_path: Path) -> None:
    """It is damage: no hours of silence are made for it."""
    path = tmp_path / "stray.mkv"
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=10)
        audio: Any = out.add_stream("pcm_s16le", rate=16000, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(20):
            out.mux(video.encode(av.VideoFrame.from_ndarray(slope(index), format="rgb24")))
        out.mux(video.encode())
        for second in (0, 1, 30_000):
            block = av.AudioFrame.from_ndarray(tone(1, 16000)[None], format="s16", layout="mono")
            block.sample_rate, block.time_base, block.pts = 16000, Fraction(1, 16000), second * 16000
            out.mux(audio.encode(block))
        out.mux(audio.encode())
    raw = bytearray(path.read_bytes())
    header = raw.index(b"\x44\x89\x88") + 3  # how long the file is, in ms
    raw[header : header + 8] = struct.pack(">d", 2000)
    path.write_bytes(raw)
    assert len(read_audio(path)) == pytest.approx(2 * 16000, abs=1024)


def test_a_title_in_another_alphabet(tmp_path: Path) -> None:
    """Latin-1 in a header is no reason not to look at the pictures."""
    path = make(tmp_path / "a.mp4", 4)
    raw = path.read_bytes()
    assert raw.count(b"Lavf") == 1
    path.write_bytes(raw.replace(b"Lavf", b"L\xe4vf"))
    assert read_frames(path, {"count": 4}).values.shape == (4, 48, 64, 3)
