"""Errors that tell a person what is wrong, where, and what to type next; the scorer raises the same."""

from __future__ import annotations

from vidcap_metrics.errors import DataError, UserError

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DataError",
    "PluginError",
    "UserError",
    "VideoError",
    "in_a_line",
]


def in_a_line(error: BaseException) -> str:
    """Any error in one line, for a warning or a list of what went wrong."""
    if isinstance(error, UserError):
        return error.line
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


class ConfigError(UserError):
    """A config that cannot become a run: file, key path, reason."""


class Mistakes(ConfigError):
    """Several things that are wrong with a config, told at once."""

    def __init__(self, name: str, errors: list[UserError]) -> None:
        lines = "\n".join(f"  {error}".replace("\n", "\n    ") for error in errors)
        super().__init__(f"{name}: {len(errors)} mistakes:\n{lines}")
        self.errors = errors


class PluginError(UserError):
    """A plugin that is missing, broken, or offers a name that another one offers too."""


class VideoError(UserError):
    """A file that cannot be decoded: which one, and why."""


class CheckpointError(UserError):
    """A checkpoint or bundle that is refused: which one, and why."""
