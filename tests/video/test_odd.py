"""Small files that ask for much: refused in a line with the size, the limit and a way out, or read as they are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from films import make, sound
from odd_films import box, flat, grows, hidden_counts, odd_films, wide_png

from vidcap_core.captioning import span_passes
from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.inputs import FrameZip
from vidcap_core.datasets.records import Record
from vidcap_core.datasets.toy.grid_encoder import ToyGrid
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.errors import VideoError
from vidcap_core.serve.sniff import container
from vidcap_core.video import boxes, limits, read_audio, read_frames
from vidcap_core.video.boxes import check_samples
from vidcap_core.video.containers import PASS
from vidcap_core.video.frame_request import FrameOptions, FrameRequest
from vidcap_core.video.limits import TooLarge
from vidcap_core.video.probe import opened, picture, probe

SOME = {"kind": "uniform", "count": 8}
WAYS: dict[str, Callable[[Path], Any]] = {
    "probe": probe,
    "pictures": lambda path: read_frames(path, SOME),
    "decord": lambda path: read_frames(path, SOME, decoder="decord"),
    "sound": read_audio,
}
THIN = r"at most 8\.8 million pixels"


def test_the_collection(tmp_path: Path) -> None:
    for path, reason in odd_films(tmp_path / "odd").items():
        assert path.stat().st_size < 1_000_000
        if not reason:
            assert read_frames(path, SOME, short_side=160).values.shape == (8, 160, 213, 3)
            continue
        with pytest.raises(VideoError, match=reason) as caught:
            read_frames(path, SOME, short_side=160)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n  try: " in str(caught.value) or "only sound" in reason
        if path.name != "grows.ts":  # whose beginning is like any other's
            with pytest.raises(VideoError, match=reason):
                probe(path)


@pytest.mark.parametrize("decoder", ["pyav", "decord"])
@pytest.mark.parametrize("size", [(8, 16000), (16000, 8)])
def test_a_strip(size: tuple[int, int], decoder: str, tmp_path: Path) -> None:
    if decoder == "decord":
        pytest.importorskip("decord", reason="decord is not installed")
    path = flat(tmp_path / "strip.mp4", size)
    wide, high = (side * 28 for side in size)
    said = rf"pictures are {size[0]} x {size[1]}, .* short side of 224 they would be {wide} x {high}; {THIN}"
    with pytest.raises(TooLarge, match=said):
        read_frames(path, SOME, short_side=224, decoder=decoder)


def test_what_is_only_long_is_read(tmp_path: Path) -> None:
    path = flat(tmp_path / "panorama.mp4", (1600, 16))
    assert read_frames(path, SOME, short_side=224).values.shape == (8, 224, 22400, 3)


@pytest.mark.parametrize("decoder", ["pyav", "decord"])
def test_many_pictures_at_once(decoder: str, tmp_path: Path) -> None:
    """Refused before anything is decoded, or even listed."""
    if decoder == "decord":
        pytest.importorskip("decord", reason="decord is not installed")
    path = make(tmp_path / "days.mkv", 2, stamps=[0, 8e5])
    with pytest.raises(
        TooLarge, match=r"800,000 s at once would need 68,.* GiB of memory, and a clip may take 2"
    ):
        read_frames(path, {"kind": "fps", "rate": 10_000.0}, decoder=decoder)
    if decoder == "pyav":
        film = read_frames(path, {"kind": "fps", "rate": 10.0, "most": 3})
        assert film.times == pytest.approx([0.05, 4e5, 8e5], abs=0.1)


def test_another_size_in_the_midst_of_a_file(tmp_path: Path) -> None:
    """All pictures get the size of the first, as a player's window keeps its own; spans each have their own."""
    path = grows(tmp_path / "changes.ts", (128, 64))
    assert read_frames(path, SOME).values.shape == (8, 48, 64, 3)
    assert read_frames(path, SOME, start=1.0).values.shape[1:] == (64, 128, 3)
    both = list(span_passes.frames_of(path, [(0.0, 1.0), (1.0, 2.0)], [FrameRequest(SOME, None)]))
    assert [film.values.shape for (film,) in both] == [(8, 48, 64, 3), (8, 64, 128, 3)]


def test_large_pictures_behind_small_ones(tmp_path: Path) -> None:
    path = grows(tmp_path / "grows.ts", (6400, 6400))
    assert read_frames(path, SOME, end=0.9).values.shape == (8, 48, 64, 3)
    with pytest.raises(VideoError, match=r"grows\.ts: "):
        read_frames(path, SOME, start=1.0)


def test_frames_in_a_program() -> None:
    frames = np.zeros((2, 16000, 4, 3), np.uint8)
    with pytest.raises(TooLarge, match=f"strip: its pictures are 4 x 16000, .*{THIN}"):
        Reader({"image": ToyGrid()}).of_array(frames, Clip("strip"))
    prepare = Preparation.of(224, (0.5,) * 3, (0.5,) * 3)
    with pytest.raises(TooLarge, match=THIN):
        prepare(torch.from_numpy(frames))


def test_large_frames_are_prepared_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes no difference to what comes out."""
    prepare = Preparation.of(32, (0.5,) * 3, (0.5,) * 3)
    frames = torch.randint(256, (7, 48, 64, 3), dtype=torch.uint8)
    together = prepare(frames)
    monkeypatch.setattr("vidcap_core.encoders.network_inputs.CHUNK_PIXELS", 2 * 48 * 64)
    assert torch.equal(prepare(frames), together)


def test_pictures_in_a_zip(tmp_path: Path) -> None:
    import zipfile

    bomb = wide_png(tmp_path / "bomb.png", 7000).read_bytes()
    with zipfile.ZipFile(tmp_path / "frames.zip", "w") as archive:
        archive.writestr("a/00.png", bomb)
        archive.writestr("b/00.png", bomb[:40])
    read = FrameZip(tmp_path / "frames.zip", FrameOptions(count=1))
    said = r"frames\.zip: a/00\.png: its pictures are 7000 x 7000; at most"
    with pytest.raises(TooLarge, match=said):
        read(Record(Clip("a")), np.random.default_rng(0))
    with pytest.raises(VideoError, match=r"frames\.zip: b/00\.png: cannot be read as a picture"):
        read(Record(Clip("b")), np.random.default_rng(0))


@pytest.mark.parametrize("rate", [100, 8000])
def test_a_sound_for_which_there_is_no_room(
    rate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound(tmp_path / "long.wav", rate=rate, samples=np.zeros(20 * rate, np.int16))
    assert len(read_audio(path)) == pytest.approx(20 * 16000, rel=0.1)
    monkeypatch.setattr(limits, "BYTES", 10 * 16000 * 4)
    with pytest.raises(TooLarge, match=r"long\.wav: .* s at once would need .*\n  try: shorter clips"):
        read_audio(path)
    if rate == 8000:
        assert len(read_audio(path, start=3.0, end=9.0)) == 6 * 16000


def test_the_size_in_a_line_is_what_counts() -> None:
    for width, height, side in [
        (7680, 4320, 224),
        (4320, 7680, None),
        (2, 2, 2000),
        (640, 4, 224),
        (3000, 300, None),
    ]:
        limits.check_size("film", width, height, side)
    for width, height, side in [(8192, 4321, 224), (2, 400, 224), (2, 2, 3000), (640, 3, 224)]:
        with pytest.raises(TooLarge, match=re.escape(f"film: its pictures are {width} x {height}")):
            limits.check_size("film", width, height, side)


def test_a_fragment_that_counts_pictures_it_cannot_hold(tmp_path: Path) -> None:
    path = make(tmp_path / "film.mp4", container={"movflags": "frag_keyframe+empty_moov"})
    assert read_frames(path, SOME).values.shape[0] == 8
    raw = bytearray(path.read_bytes())
    at = raw.index(b"trun") + 4
    raw[at : at + 8] = bytes(4) + (170_000_000).to_bytes(4, "big")
    path.write_bytes(raw)
    with pytest.raises(TooLarge, match=r"film\.mp4: says that it holds 170,000,000 pictures"):
        read_frames(path, SOME)


def test_large_pictures_of_which_a_decoder_holds_many(tmp_path: Path) -> None:
    for bits in (12, 24):  # 8K with 8 and 10 bits, 4:2:0
        limits.check_decoder("film", 8192, 4320, bits)
    limits.check_decoder("film", 8192, 4320, 48, references=1)
    limits.check_decoder("film", 4096, 2304, 128)
    with pytest.raises(TooLarge, match=r"8192 x 4320 of 48 bits a pixel, which may take 3\.4 GiB to decode"):
        limits.check_decoder("film", 8192, 4320, 48)
    with opened(flat(tmp_path / "film.mp4", (4352, 2304))) as container:
        stream = picture(container, tmp_path / "film.mp4")
        assert stream.codec_context.thread_count == 1
        stream.thread_type = "AUTO"
        assert sum(1 for _ in container.decode(stream)) == 10


def test_pictures_too_large_for_many_threads_behind_small_ones(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="cannot be read as a video"):
        read_frames(grows(tmp_path / "film.ts", (4800, 2304)), SOME)
    assert len(read_frames(grows(tmp_path / "smaller.ts", (4096, 2304)), SOME).values) == 8


def test_counts_that_are_hidden(tmp_path: Path) -> None:
    for path, reason in hidden_counts(tmp_path).items():
        with pytest.raises(VideoError, match=rf"{path.name}: {reason}.*\n  try: ffmpeg"):
            probe(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("film.mp4", "ffconcat version 1.0\nfile other.mp4\n"),
        ("film.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.mp4\n#EXT-X-ENDLIST\n"),
        (
            "film.mp4",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
        ),
        ("film.mp4", "MLVI4\0\0\0v2.0\0\0\0\0" + "\0" * 500),  # goes on in film.00, film.01, ...
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_list_of_other_files(name: str, text: str, way: str, tmp_path: Path) -> None:
    """Whoever wants it: what serve refuses by its first bytes is refused everywhere."""
    if way == "decord":
        pytest.importorskip("decord")
    make(tmp_path / "other.mp4")
    (tmp_path / name).write_text(text)
    with pytest.raises(VideoError, match="a list of other files"):
        WAYS[way](tmp_path / name)


def test_what_serve_lets_in_is_opened() -> None:
    """The two lists name containers in two ways; each that serve knows is one that may be opened."""
    demuxers = {
        ".mp4": "mov", ".mkv": "matroska", ".avi": "avi", ".mpg": "mpeg", ".ts": "mpegts",
        ".flv": "flv", ".wmv": "asf", ".ogv": "ogg",
    }  # fmt: skip
    known = set(re.findall(r'return "(\.\w+)"', inspect.getsource(container)))
    assert known == set(demuxers)
    assert set(demuxers.values()) <= set(PASS.split(","))
    assert {name for names in av.formats_available for name in names.split(",")} >= set(PASS.split(","))


def test_a_plain_file_that_begins_with_any_box(tmp_path: Path) -> None:
    path = make(tmp_path / "film.mp4")
    path.write_bytes(box(b"junk", bytes(16)) + path.read_bytes())
    check_samples(path)


def test_more_boxes_than_a_film_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "BOXES", 100)
    path = make(tmp_path / "film.mp4")
    path.write_bytes(box(b"free", b"") * 100 + path.read_bytes())
    with pytest.raises(TooLarge, match=r"film\.mp4: is made of more than 100 boxes"):
        probe(path)
