"""Frames and sound of a clip, read from its video when a sample is asked for."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from vidcap_core.datasets.records import Record
from vidcap_core.datasets.rows import row_times
from vidcap_core.errors import ConfigError, DataError, UserError
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.video.frames import Frames


@runtime_checkable
class Reader(Protocol):
    """Makes an input of a sample: frames with their times, or an array."""

    def has(self, record: Record) -> bool:
        """Whether there is anything to read for a clip."""
        ...

    def __call__(self, record: Record, rng: np.random.Generator) -> Frames | np.ndarray | None:
        """The input, or None for a clip that lacks it."""
        ...


@dataclass(frozen=True, slots=True)
class FrameReader(FrameOptions):
    """Frames uint8 [T, H, W, 3] of the clip's span, as the options say."""

    @property
    def varies(self) -> bool:
        """Whether the same clip gives other frames each time."""
        return self.kind == "segment"

    def has(self, record: Record) -> bool:
        """Whether the video is there."""
        return record.clip.path is not None

    def __call__(self, record: Record, rng: np.random.Generator) -> Frames | None:
        """The frames, or None for a clip without a video."""
        if record.clip.path is None:
            return None
        from vidcap_core.video.clip_reader import read_clip_frames

        return read_clip_frames(record.clip, self.request, rng, self.decoder)


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
    options: FrameOptions
    _members: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.options.kind != "uniform":
            raise ConfigError(
                f"the frames of this data set are pictures in a zip, and kind '{self.options.kind}' needs videos",
                hint='frames=dict(kind="uniform", count=N)',
            )
        with self._open() as archive:
            for name in sorted(archive.namelist()):
                self._members.setdefault(name.partition("/")[0], []).append(name)

    def has(self, record: Record) -> bool:
        """Whether the zip holds pictures of the clip."""
        return record.known_as(self._members) is not None

    def __call__(self, record: Record, rng: np.random.Generator) -> Frames | None:
        """The frames of one clip. The zip is opened anew each time: an open one does not survive a fork."""
        name = record.known_as(self._members)
        if name is None:
            return None
        members, request = self._members[name], self.options.request
        chosen = np.linspace(0, len(members) - 1, request.sampling["count"]).round().astype(int)
        with self._open() as archive:
            pictures = [self._picture(archive, members[row]) for row in chosen]
        return Frames(request.cropped(np.stack(pictures)), row_times(record.clip.span, len(members))[chosen])

    def _picture(self, archive: zipfile.ZipFile, member: str) -> np.ndarray:
        """One picture [H, W, 3] with the wanted short side; its size is looked at before it is decoded."""
        from PIL import Image

        from vidcap_core.video import limits

        name = f"{self.path}: {member}"
        try:
            with Image.open(io.BytesIO(archive.read(member))) as picture:
                width, height = picture.size
                limits.check_size(name, width, height, self.options.short_side)
                size = limits.resized(width, height, self.options.short_side)
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
