"""What a server serves, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidcap_core.errors import UserError

IDLE = 30.0
"""Seconds without a byte after which an upload has failed."""
UPLOAD = 1800.0
"""Seconds that an upload may take."""
SLOWEST = 16_000
"""Bytes a second that an upload must bring on average, once it has had `START`."""
START = 20.0
"""Seconds of an upload in which it may be slower."""
UPLOADS = 16
"""Uploads at once: they wait for no worker, and may fill the disk with so many times the largest file."""
HEAD = 10.0
"""Seconds that a connection may wait for the head of a request."""
LISTENERS = 32
"""Requests at once that listen to words as they are written; each holds a connection as long as its job takes."""
CONNECTIONS = 256
"""Connections at once; a further one is closed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Each may be set on the command line."""

    megabytes: int = 200
    seconds: float = 600.0
    """of the video"""
    waiting: int = 4
    """jobs in line, beside those being worked on"""
    workers: int = 1
    timeout: float = 600.0
    """seconds that a job may take"""
    keep: float = 1800.0
    """seconds that a result can be fetched"""

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            option = f"--{_OPTIONS.get(name, name)}"
            if not math.isfinite(value) or value > most:
                raise UserError(
                    f"{option} {value}: must be a number from {least} to {most}", hint=f"{option} {most}"
                )
            if value < least:
                raise UserError(f"{option} must be at least {least}")

    @property
    def bytes(self) -> int:
        """Largest file."""
        return self.megabytes * 1_000_000

    @property
    def places(self) -> int:
        """Jobs and uploads that there may be at once."""
        return self.workers + self.waiting


_RANGES = {
    "megabytes": (1, 1_000_000),
    "seconds": (1, 864_000),
    "waiting": (0, 10_000),
    "workers": (1, 1_000),
    "timeout": (1, 864_000),
}
_OPTIONS = {"megabytes": "max-size", "seconds": "max-duration", "waiting": "queue"}


@dataclass(frozen=True, slots=True)
class Settings:
    """One server."""

    models: Mapping[str, str]
    """The name that people see -> what to load; the second may be a path, and stays inside."""
    limits: Limits = field(default_factory=Limits)
    host: str = "127.0.0.1"
    port: int = 8765
    names: Sequence[str] = ()
    """further names under which the server may be asked for"""
    device: str | None = None
    without: Sequence[str] = ()
    """streams that every model does without"""
    changes: Sequence[str] = ()
    """of the config of its one model, or where that model's base lies"""


def public_names(models: Sequence[str]) -> dict[str, str]:
    """Names without folders: the last part of a path, `plugin/name` and hub ids as they are."""
    names: dict[str, str] = {}
    for model in dict.fromkeys(models):
        folder = Path(model)
        short = folder.resolve().name if folder.is_dir() else model.strip("/")
        if folder.is_absolute() or ".." in folder.parts:
            short = folder.resolve().name
        name, number = short, 1
        while name in names:
            number += 1
            name = f"{short} ({number})"
        names[name] = model
    return names
