"""Which files are taken for videos, for pictures and for sound, by the ends of their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

VIDEO_SUFFIXES = frozenset(
    {
        ".avi",
        ".flv",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    }
)
PICTURE_SUFFIXES = frozenset({".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".webp"})
"""Taken of a folder that holds no video: beside videos they are covers and thumbnails."""
SOUND_SUFFIXES = frozenset({".m4a", ".mp3", ".wav"})
"""A clip of a data set may be sound alone."""
NO_FILM = f"holds no video ({', '.join(sorted(VIDEO_SUFFIXES))}) and no picture ({', '.join(sorted(PICTURE_SUFFIXES))})"


def films(files: Sequence[Path]) -> list[Path]:
    """The videos among the files of a folder; where there are none, its pictures."""
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    return videos or [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]


def films_and_pictures(files: Sequence[Path]) -> list[Path]:
    """The videos and the pictures among the files of a folder."""
    return [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES]
