"""Errors that tell a person what is wrong, where, and what to type next."""

from __future__ import annotations

from typing import TypeVar

Kind = TypeVar("Kind", bound="UserError")


class UserError(Exception):
    """Something the user can mend; the command line prints it without a traceback and exits 2."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  try: {self.hint}"

    @property
    def line(self) -> str:
        """The same in one line, for a list of what went wrong."""
        message = " ".join(self.message.split())
        return message if self.hint is None else f"{message}; try: {self.hint}"

    def wrap(self, where: str, kind: type[Kind]) -> Kind:
        """An error of another kind that says where this one arose; what to type next stays."""
        return kind(f"{where}: {self.message}", hint=self.hint)


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


class DataError(UserError):
    """Annotations, features or videos that are not what they should be."""


class VideoError(UserError):
    """A file that cannot be decoded: which one, and why."""


class CheckpointError(UserError):
    """A checkpoint or bundle that is refused: which one, and why."""
