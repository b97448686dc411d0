"""Which frames are wanted of a clip: what an encoder asks for, and what `data.*.frames` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vidcap_core.errors import ConfigError
from vidcap_core.video.sampling import check_sampling

if TYPE_CHECKING:
    from vidcap_core.contracts.encoder import Encoder
    from vidcap_core.contracts.head import Head

Crop = Literal["center"] | None
"""The middle square of each frame, or all of it."""


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """Which frames are wanted of a clip, how large, and whether as squares."""

    sampling: Mapping[str, Any]
    short_side: int | None = None
    crop: Crop = None

    @classmethod
    def of(cls, part: Encoder | Head) -> FrameRequest:
        """What an encoder or a head asks for."""
        return cls(part.sampling, part.short_side, part.crop)

    def cropped(self, frames: np.ndarray) -> np.ndarray:
        """Frames [T, H, W, 3] as they are wanted."""
        return frames if self.crop is None else square(frames)

    def changes(self, wanted: FrameRequest) -> Iterator[tuple[str, Any]]:
        """The keys of `data.*.frames`, with their values, that would make this request the wanted one.

        "segment" is how "uniform" is trained: the same number of frames, each from a random moment of its part.
        """
        mine, theirs = _all(self), _all(wanted)
        if {mine["kind"], theirs["kind"]} == {"uniform", "segment"}:
            mine["kind"] = theirs["kind"]
        for key in dict.fromkeys([*theirs, *mine]):
            if mine.get(key) != theirs.get(key):
                yield key, theirs.get(key)


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """The keys of `data.*.frames`.

    kind: "uniform" and "segment" take `count` frames; "fps" takes `rate` a second and "every" each `step`-th, at most
    `most`; "clips" takes `clips` groups of `count` frames at `rate`; "windows" takes groups of `size` frames, which
    begin every `stride` frames, at `rate` or the video's own, at most `most` groups.
    short_side: pixels; None: as the video is.
    crop: "center" makes squares, so that clips of any shape fit one batch.
    decoder: "pyav", "torchcodec" or "decord".
    """

    kind: Literal["uniform", "segment", "fps", "every", "clips", "windows"] = "uniform"
    count: int | None = None
    rate: float | None = None
    most: int | None = None
    clips: int | None = None
    step: int | None = None
    size: int | None = None
    stride: int | None = None
    short_side: int | None = 224
    crop: Crop = "center"
    decoder: str = "pyav"

    def __post_init__(self) -> None:
        check_sampling(self.request.sampling)
        if self.short_side is not None and self.short_side < 1:
            raise ConfigError(f"short_side must be at least 1, not {self.short_side}")

    @property
    def request(self) -> FrameRequest:
        """The same as an encoder would ask for it."""
        keys = ("count", "rate", "most", "clips", "step", "size", "stride")
        given = {key: value for key in keys if (value := getattr(self, key)) is not None}
        return FrameRequest({"kind": self.kind, **given}, self.short_side, self.crop)


def square(frames: np.ndarray) -> np.ndarray:
    """The middle of each frame, as wide as it is high."""
    height, width = frames.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(frames[:, top : top + side, left : left + side])


def _all(request: FrameRequest) -> dict[str, Any]:
    """A request as the keys of `data.*.frames`."""
    given = {key: value for key, value in request.sampling.items() if value is not None}
    return {"kind": "uniform", **given, "short_side": request.short_side, "crop": request.crop}
