"""A captioner travels as its recipe, and captions what others read."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.contracts.types import Clip
from vidcap_core.errors import UserError, VideoError


def test_pickled_it_is_a_few_bytes_and_says_the_same(captioner: FileCaptioner, films: list[Path]) -> None:
    other = captioner.with_decoding(beam=2, n_best=2)
    content = pickle.dumps(other)
    assert len(content) < 2000
    again = pickle.loads(content)
    assert again.recipe == other.recipe
    assert again(films[2]).extras["n_best"] == other(films[2]).extras["n_best"]
    assert again(films[2]).text == other(films[2]).text


def test_one_that_was_made_here_says_so(captioner: FileCaptioner) -> None:
    with pytest.raises(UserError, match="was made in this process"):
        pickle.dumps(FileCaptioner(captioner.captioner, "mine"))


def test_a_recipe_and_what_is_wanted_need_no_torch() -> None:
    code = (
        "import sys; import vidcap_core.jobs.ray_engine, vidcap_core.captioning.decode; "
        "raise SystemExit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bytes_of_files_say_what_files_say(captioner: FileCaptioner, films: list[Path]) -> None:
    clips = [Clip(f"clip-{number}", f"s3://b/{number}.mp4") for number in range(3)]
    found = captioner.caption_batch([film.read_bytes() for film in films[:3]], clips)
    assert [one.text for one in found] == [one.text for one in captioner(films[:3])]
    assert [(one.clip.id, one.clip.path) for one in found] == [(clip.id, clip.path) for clip in clips]
    assert all(one.clip.duration for one in found)
    with pytest.raises(VideoError, match=r"^s3://b/0\.mp4: cannot be read"):
        captioner.caption_batch([b"no film"], clips[:1])


def test_decoded_clips_say_what_files_say(captioner: FileCaptioner, films: list[Path]) -> None:
    decoded = [next(captioner.reader.wanted.read(film)) for film in films[:3]]
    again = pickle.loads(pickle.dumps(decoded))
    assert [one.text for one in captioner.caption_batch(again)] == [one.text for one in captioner(films[:3])]


def test_frames_have_the_ids_spans_and_times_that_are_given(captioner: FileCaptioner) -> None:
    frames = np.zeros((4, 48, 64, 3), np.uint8)
    clips = [Clip("late", "talk.mp4", 10.0, 14.0), Clip("unknown")]
    late, unknown = captioner.caption_batch([frames, frames], clips)
    assert (late.clip.id, late.clip.path, late.clip.span) == ("late", "talk.mp4", (10.0, 14.0))
    assert unknown.clip.span == (0.0, 4.0)
    assert (late.events[0].start, late.events[0].end) == (10.0, 14.0)
    assert captioner.caption_batch([]) == []
    with pytest.raises(UserError, match="clips or times of 1"):
        captioner.caption_batch([frames, frames], clips[:1])
    with pytest.raises(UserError, match="3 times for 4 frames"):
        captioner.caption_batch([frames], clips[:1], [np.arange(3.0)])
