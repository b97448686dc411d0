"""Subtitles: times, wrapping, and texts that would break the format."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from vidcap_core.captioning.subtitles import srt, vtt
from vidcap_core.contracts.types import Clip, Event, Prediction


def said(*events: Event) -> Prediction:
    return Prediction(Clip("a", duration=9.0), events)


def test_a_plain_caption_spans_its_clip() -> None:
    prediction = said(Event(0.0, 9.0, "a dog runs"))
    assert srt(prediction) == "1\n00:00:00,000 --> 00:00:09,000\na dog runs\n\n"
    assert vtt(prediction) == "WEBVTT\n\n00:00:00.000 --> 00:00:09.000\na dog runs\n\n"


def test_events_in_order_of_time_and_without_the_empty_ones() -> None:
    prediction = said(Event(5, 6, "then"), Event(1.5, 4, "first"), Event(2, 3, "  "))
    assert srt(prediction) == (
        "1\n00:00:01,500 --> 00:00:04,000\nfirst\n\n2\n00:00:05,000 --> 00:00:06,000\nthen\n\n"
    )


@pytest.mark.parametrize(
    ("seconds", "clock"),
    [
        (59.9996, "00:01:00,000"),
        (3599.9999, "01:00:00,000"),
        (36_000.25, "10:00:00,250"),
        (-0.01, "00:00:00,000"),
    ],
)
def test_times_round_and_carry(seconds: float, clock: str) -> None:
    assert srt(said(Event(seconds, 40_000, "x"))).splitlines()[1].split(" --> ")[0] == clock


def test_a_cue_is_never_empty_in_time() -> None:
    assert "00:00:02,000 --> 00:00:02,001" in srt(said(Event(2, 2, "x")))
    assert "00:00:02,000 --> 00:00:02,001" in srt(said(Event(2, 1, "x")))


def test_no_text_can_end_a_cue_or_become_markup() -> None:
    prediction = said(Event(0, 1, "a <b>\n\n2\n00:00 --> 1 & on"))
    assert srt(prediction).count("\n\n") == 1
    body = vtt(prediction).split("\n", 3)[3]
    assert body == "a &lt;b&gt; 2 00:00 --&gt; 1 &amp; on\n\n"


def test_long_texts_are_wrapped_between_words() -> None:
    lines = srt(said(Event(0, 1, "word " * 30))).splitlines()[2:-1]
    assert all(len(line) <= 42 and set(line.split()) == {"word"} for line in lines)
    assert sum(len(line.split()) for line in lines) == 30


@pytest.mark.parametrize(("suffix", "write"), [("srt", srt), ("vtt", vtt)])
def test_a_player_reads_them(tmp_path: Path, suffix: str, write: object) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text(write(said(Event(1, 2, "a dog"), Event(3, 4.5, "a cat"))))  # type: ignore[operator]
    with av.open(str(path)) as container:
        packets = [p for p in container.demux() if p.size]
    assert [(float(p.pts * p.time_base), float(p.duration * p.time_base)) for p in packets] == [
        (1, 1),
        (3, 1.5),
    ]
    assert [bytes(p).decode() for p in packets] == ["a dog", "a cat"]
