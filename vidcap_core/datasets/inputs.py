"""Frames and sound of a clip, read from its video when a sample is asked for."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from vidcap_core.datasets.records import Record
from vidcap_core.errors import DataError, UserError


@runtime_checkable
class Reader(Protocol):
    """Makes an input of a sample."""

    def has(self, record: Record) -> bool:
        """Whether there is anything to read for a clip."""
        ...

    def __call__(self, record: Record, rng: np.random.Generator) -> np.ndarray | None:
        """The input, or None for a clip that lacks it."""
        ...


@dataclass(frozen=True, slots=True)
class FrameReader:
    """Frames uint8 [T, H, W, 3] of the clip's span.

    kind: "uniform" and "segment" take `count` frames; "fps" takes `rate` a second; "clips" takes `clips` groups of
    `count` frames at `rate`. crop: "center" makes squares of `short_side`, so that clips of any shape fit one batch.
    """

    kind: Literal["uniform", "segment", "fps", "clips"] = "uniform"
    count: int | None = None
    rate: float | None = None
    clips: int | None = None
    short_side: int = 224
    crop: Literal["center"] | None = "center"
    decoder: str = "pyav"

    @property
    def varies(self) -> bool:
        """Whether the same clip gives other frames each time."""
        return self.kind == "segment"

    def has(self, record: Record) -> bool:
        """Whether the video is there."""
        return record.clip.path is not None

    def __call__(self, record: Record, rng: np.random.Generator) -> np.ndarray | None:
        """The frames, or None for a clip without a video."""
        clip = record.clip
        if clip.path is None:
            return None
        from vidcap_core.video.clip_reader import FrameRequest, read_clip_frames

        options = {"kind": self.kind, "frames": self.count, "rate": self.rate, "clips": self.clips}
        sampling = {key: value for key, value in options.items() if value is not None}
        frames = read_clip_frames(clip, FrameRequest(sampling, self.short_side), rng, self.decoder)
        return square(frames) if self.crop else frames


@dataclass(frozen=True, slots=True)
class AudioReader:
    """Mono samples [N] of the clip's span; `seconds` at most."""

    rate: int = 16000
    seconds: float | None = None

    def has(self, record: Record) -> bool:
        """Whether the video is there; it may have no sound."""
        return record.clip.path is not None

    def __call__(self, record: Record, rng: np.random.Generator) -> np.ndarray | None:
        """The sound, or None for a clip that has none."""
        clip = record.clip
        if clip.path is None:
            return None
        from vidcap_core.video.audio import NoSound
        from vidcap_core.video.clip_reader import read_clip_sound

        try:
            return read_clip_sound(clip, self.seconds, self.rate)
        except NoSound:
            return None


@dataclass(frozen=True, slots=True)
class FrameZip:
    """Frames that were stored as pictures `<name>/00.jpg` ... in a zip: `count` of them, evenly spread."""

    path: Path
    count: int | None = None
    short_side: int = 224
    crop: Literal["center"] | None = "center"
    _members: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self._open() as archive:
            for name in sorted(archive.namelist()):
                self._members.setdefault(name.partition("/")[0], []).append(name)

    def has(self, record: Record) -> bool:
        """Whether the zip holds pictures of the clip."""
        return record.known_as(self._members) is not None

    def __call__(self, record: Record, rng: np.random.Generator) -> np.ndarray | None:
        """The frames of one clip. The zip is opened anew each time: an open one does not survive a fork."""
        name = record.known_as(self._members)
        if name is None:
            return None
        members = self._members[name]
        count = self.count or len(members)
        pictures = []
        with self._open() as archive:
            for row in np.linspace(0, len(members) - 1, count).round().astype(int):
                pictures.append(self._picture(archive, members[row]))
        values = np.stack(pictures)
        return square(values) if self.crop else values

    def _picture(self, archive: zipfile.ZipFile, member: str) -> np.ndarray:
        """One picture [H, W, 3] with the wanted short side; its size is looked at before it is decoded."""
        from PIL import Image

        from vidcap_core.video import limits

        name = f"{self.path}: {member}"
        try:
            with Image.open(io.BytesIO(archive.read(member))) as picture:
                width, height = picture.size
                limits.check_size(name, width, height, self.short_side)
                size = limits.resized(width, height, self.short_side)
                return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX))
        except UserError:
            raise
        except Exception as error:
            raise DataError(f"{name}: cannot be read as a picture: {error}") from error

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{self.path}: cannot be read: {error}") from error


def square(frames: np.ndarray) -> np.ndarray:
    """The middle of each frame, as wide as it is high."""
    height, width = frames.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(frames[:, top : top + side, left : left + side])
