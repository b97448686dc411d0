"""Frames and sound of a clip, read from its video when a sample is asked for."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from vidcap_core.datasets.records import Record
from vidcap_core.datasets.rows import row_times
from vidcap_core.errors import ConfigError, DataError
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.video.frames import Frames
from vidcap_core.video.sampling import count, timed


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
    """Frames that were stored as pictures in a zip: `<name>/00.jpg` ..., of which `count` are taken, evenly spread.

    Where clips are pictures, `<name>`, each is its one frame, as often as it is asked for.
    """

    path: Path
    options: FrameOptions
    _members: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self._open() as archive:
            for name in sorted(archive.namelist()):
                self._members.setdefault(name.partition("/")[0], []).append(name)
        if self.options.kind != "uniform" and any(len(members) > 1 for members in self._members.values()):
            raise ConfigError(
                f"the frames of this data set are pictures in a zip, and kind '{self.options.kind}' needs videos",
                hint='frames=dict(kind="uniform", count=N)',
            )

    def has(self, record: Record) -> bool:
        """Whether the zip holds pictures of the clip."""
        return record.known_as(self._members) is not None

    def __call__(self, record: Record, rng: np.random.Generator) -> Frames | None:
        """The frames of one clip. The zip is opened anew each time: an open one does not survive a fork."""
        return self.frames(record) if self.has(record) else None

    def frames(self, record: Record) -> Frames:
        """The same of a clip whose pictures are there."""
        members, request = self._members[str(record.known_as(self._members))], self.options.request
        size = count(
            timed(request.sampling, 1.0, self.path), *record.clip.span
        )  # only pictures are not "uniform"
        chosen = np.linspace(0, len(members) - 1, size).round().astype(int)
        with self._open() as archive:
            pictures = {row: self._picture(archive, members[row]) for row in sorted(set(chosen.tolist()))}
        frames = np.stack([pictures[row] for row in chosen.tolist()])
        return Frames(request.cropped(frames), row_times(record.clip.span, len(members))[chosen])

    def _picture(self, archive: zipfile.ZipFile, member: str) -> np.ndarray:
        """One picture [H, W, 3] with the wanted short side; its size is looked at before it is decoded."""
        from vidcap_core.video.pictures import decoded

        name = f"{self.path}: {member}"
        try:
            content = io.BytesIO(archive.read(member))
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(f"{name}: cannot be read: {error}") from error
        return decoded(content, name, self.options.short_side)

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{self.path}: cannot be read: {error}") from error
