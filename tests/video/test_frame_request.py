"""One language for what is wanted of a clip: `sampling` of encoders, and `data.*.frames`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vidcap_core.errors import ConfigError, VideoError
from vidcap_core.video.frame_request import FrameOptions, FrameRequest
from vidcap_core.video.sampling import check_sampling, count, frame_times, timed, wished


@pytest.mark.parametrize(
    ("sampling", "reason"),
    [
        ({"kind": "unifrom"}, "no way of sampling is named 'unifrom'"),
        ({"kind": "uniform", "frames": 4}, "sampling 'uniform' has no 'frames'; it has count"),
        ({"kind": "fps", "rate": 2, "count": 4}, "sampling 'fps' has no 'count'; it has rate, most"),
        ({"kind": "uniform"}, "sampling 'uniform' needs count, a whole number above 0, not None"),
        ({"count": 2.5}, "needs count, a whole number above 0, not 2.5"),
        ({"kind": "segment", "count": True}, "needs count, a whole number above 0, not True"),
        ({"kind": "fps", "rate": 0}, "needs rate, a number above 0, not 0"),
        ({"kind": "fps", "rate": float("nan")}, "needs rate, a number above 0, not nan"),
        ({"kind": "fps", "rate": 2, "most": 0}, "needs most, a whole number above 0, not 0"),
        ({"kind": "clips", "count": 2, "rate": 2}, "needs clips"),
    ],
)
def test_wrong_keys_are_told_wherever_moments_are_chosen(sampling: dict[str, Any], reason: str) -> None:
    for call in (check_sampling, lambda s: count(s, 0, 4), lambda s: frame_times(s, 0, 4)):
        with pytest.raises(ConfigError, match=reason):
            call(sampling)


def test_as_many_moments_as_are_counted() -> None:
    wishes: list[dict[str, Any]] = [
        {"count": 3},
        {"kind": "segment", "count": 3},
        {"kind": "fps", "rate": 2.5},
        {"kind": "fps", "rate": 2.5, "most": 4, "count": None},
        {"kind": "clips", "clips": 2, "count": 3, "rate": 4},
    ]
    for wish in wishes:
        assert len(frame_times(wish, 1.0, 5.0)) == count(wish, 1.0, 5.0)


def test_options_say_what_an_encoder_would_say() -> None:
    assert FrameOptions(count=3).request == FrameRequest({"kind": "uniform", "count": 3}, 224, "center")
    options = FrameOptions(kind="fps", rate=2, most=9, short_side=None, crop=None)
    assert options.request == FrameRequest({"kind": "fps", "rate": 2, "most": 9})
    with pytest.raises(ConfigError, match="short_side must be at least 1, not 0"):
        FrameOptions(count=1, short_side=0)
    with pytest.raises(ConfigError, match="needs count"):
        FrameOptions()


def test_what_must_change_for_two_to_see_the_same() -> None:
    encoder = FrameRequest({"count": 8}, 112, None)
    assert dict(FrameOptions(count=8, short_side=112, crop=None).request.changes(encoder)) == {}
    assert (
        dict(FrameOptions(kind="segment", count=8, short_side=112, crop=None).request.changes(encoder)) == {}
    )
    assert dict(FrameOptions(count=8).request.changes(encoder)) == {"short_side": 112, "crop": None}
    other = dict(FrameOptions(kind="fps", rate=2, short_side=112, crop=None).request.changes(encoder))
    assert other == {"kind": "uniform", "count": 8, "rate": None}
    assert dict(
        FrameOptions(kind="segment", count=4, short_side=112, crop=None).request.changes(encoder)
    ) == {"count": 8}


def test_the_middle_square() -> None:
    frames = np.arange(2 * 4 * 7 * 3, dtype=np.uint8).reshape(2, 4, 7, 3)
    np.testing.assert_array_equal(FrameRequest({}, 4, "center").cropped(frames), frames[:, :, 1:5])
    assert FrameRequest({}, 4).cropped(frames) is frames


def test_every_nth_frame_and_windows_need_the_films_rate() -> None:
    for wish in ({"kind": "every", "step": 5}, {"kind": "windows", "size": 4}):
        check_sampling(wish)
        with pytest.raises(
            ConfigError, match=f"sampling '{wish['kind']}' counts frames, and no file is there"
        ):
            frame_times(wish, 0, 4)
        with pytest.raises(
            VideoError, match=f"a.mkv: says no frame rate, and sampling '{wish['kind']}' counts"
        ):
            timed(wish, None, "a.mkv")
    every = timed({"kind": "every", "step": 5, "most": 3}, 10.0, "")
    np.testing.assert_allclose(frame_times(every, 1.0, 3.0), [1.05, 1.55, 2.55])
    assert count(every, 1.0, 3.0) == 3
    by_seconds = {"kind": "fps", "rate": 1.0}
    assert timed(by_seconds, None, "") == by_seconds


def test_windows_begin_every_stride_and_a_short_film_has_one() -> None:
    wish = {"kind": "windows", "size": 4, "stride": 2, "rate": 10.0}
    numbers = (frame_times(wish, 0, 0.9) * 10 - 0.5).round().astype(int).reshape(-1, 4)
    np.testing.assert_array_equal(numbers, [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]])
    np.testing.assert_allclose(frame_times(wish, 5.0, 5.3), [5.05, 5.15, 5.25, 5.25])
    side_by_side = timed({"kind": "windows", "size": 4}, 10.0, "")
    assert (count(side_by_side, 0, 0.9), count(side_by_side, 0, 0.0)) == (8, 4)
    few = frame_times({**wish, "most": 2}, 0, 10.0).reshape(2, 4)
    np.testing.assert_allclose(few[:, 0], [0.05, 9.65])
    with pytest.raises(ConfigError, match="sampling 'windows' needs size, a whole number above 0"):
        check_sampling({"kind": "windows", "stride": 2})
    options = FrameOptions(kind="windows", size=4, stride=2, rate=10.0, short_side=None, crop=None)
    assert options.request.sampling == wish


def test_what_an_encoder_is_given_as_frames() -> None:
    assert wished(3) == {"kind": "uniform", "count": 3}
    assert wished({"kind": "fps", "rate": 1.0}) == {"kind": "fps", "rate": 1.0}
    with pytest.raises(ConfigError, match="needs count, a whole number above 0, not 0"):
        wished(0)
