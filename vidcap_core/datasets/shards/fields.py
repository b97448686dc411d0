"""The fields of a sample in a shard: captions, arrays and a video, as bytes of files or as values of columns."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidcap_core.errors import DataError
from vidcap_core.files.json_text import loads
from vidcap_core.files.parquet_rows import KEYS
from vidcap_core.video.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES

TEXTS = ("txt", "text", "caption", "captions", "sentence", "sentences")
"""Fields that hold captions, of a tar, a table or of `json`; the first that is there."""
VIDEOS = ("video", "clip", "image")
"""Columns of a table that may hold a file; in a tar it is named by its suffix."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One sample as it lies in its shard; `where` is for people."""

    key: str
    where: str
    values: Mapping[str, Any]

    def captions(self, field: str | None) -> list[str]:
        """Its captions: of one field, or of the first of the usual names."""
        given = self._captions(field)
        found = [text for each in ([given] if isinstance(given, str) else given) if (text := each.strip())]
        if not found:
            raise DataError(
                f"{self.where}: has no caption; it has {', '.join(self.values)}",
                hint="caption='FIELD' where it has another name; samples without one: leave them out of the shard",
            )
        return found

    def array(self, field: str) -> np.ndarray | None:
        """Rows [T, D] of a stream, or None where it has no such field."""
        value = self.values.get(field, self.values.get(f"{field}.npy"))
        if value is None:
            return None
        try:
            made = np.load(io.BytesIO(value), allow_pickle=False) if isinstance(value, bytes) else value
        except (ValueError, EOFError, OSError) as error:
            raise DataError(f"{self.where}: '{field}' is no array of NumPy: {error}") from error
        if not isinstance(made, np.ndarray) or made.ndim != 2 or made.dtype.kind not in "fiu":
            shape = getattr(made, "shape", type(made).__name__)
            raise DataError(f"{self.where}: '{field}' has shape {shape}; a stream is [T, D], of numbers")
        return made

    def video(self, field: str | None) -> tuple[bytes, str]:
        """The content of its file, and the suffix."""
        for name, value in self.values.items():
            suffix = f".{name.rpartition('.')[2]}"
            if field not in (None, name):
                continue
            if isinstance(value, bytes) and (field or suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES):
                return value, suffix if suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES else ".mp4"
            if name in (field, *VIDEOS) and isinstance(value, bytes):
                return value, ".mp4"
        raise DataError(
            f"{self.where}: holds no video; it has {', '.join(self.values)}",
            hint="video='FIELD' in the config",
        )

    def duration(self) -> float | None:
        """Seconds, where it says so."""
        value = self.values.get("duration", self._object().get("duration"))
        return float(value) if isinstance(value, (int, float)) and value > 0 else None

    def _captions(self, field: str | None) -> str | list[str]:
        names = TEXTS if field is None else (field,)
        for name in names:
            if name in self.values:
                return self._text(name, self.values[name])
        described = self._object()
        for name in names:
            if name in described:
                return self._text(name, described[name])
        return []

    def _text(self, name: str, value: object) -> str | list[str]:
        if isinstance(value, bytes):
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"{self.where}: '{name}' is no text of UTF-8") from error
        if isinstance(value, str):
            return value
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            return list(value)
        if value is None:
            return []
        raise DataError(f"{self.where}: '{name}' is {value!r:.40}, not a caption or a list of them")

    def _object(self) -> dict[str, Any]:
        content = self.values.get("json")
        if not isinstance(content, bytes):
            return {}
        try:
            data = loads(content)
        except ValueError as error:
            raise DataError(f"{self.where}: 'json' is damaged: {error}") from error
        return data if isinstance(data, dict) else {}


def wanted_columns(names: Iterable[str], wanted: Iterable[str]) -> Iterator[str]:
    """Columns of a table that anybody reads."""
    asked = {*wanted, *TEXTS, *KEYS, "duration"}
    return (name for name in names if name in asked)
