"""One language for what is wanted of a clip: `sampling` of encoders, and `data.*.frames`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vidcap_core.errors import ConfigError
from vidcap_core.video.frame_request import FrameOptions, FrameRequest
from vidcap_core.video.sampling import check_sampling, count, frame_times


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
