"""Errors that tell a person what is wrong, where, and what to type next."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend; the command line prints it without a traceback and exits 2."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\n  try: {hint}")
        self.hint = hint


class ConfigError(UserError):
    """A config that cannot become a run: file, key path, reason."""


class PluginError(UserError):
    """A plugin that is missing, broken, or offers a name that another one offers too."""


class DataError(UserError):
    """Annotations, features or videos that are not what they should be."""


class VideoError(UserError):
    """A file that cannot be decoded: which one, and why."""


class CheckpointError(UserError):
    """A checkpoint or bundle that is refused: which one, and why."""
