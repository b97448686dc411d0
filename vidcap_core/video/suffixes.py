"""Which files are taken for videos, and which for sound, by the ends of their names."""

from __future__ import annotations

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
SOUND_SUFFIXES = frozenset({".m4a", ".mp3", ".wav"})
"""A clip of a data set may be sound alone."""
