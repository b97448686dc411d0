"""Errors that tell a person what is wrong, where, and what to type next."""

from __future__ import annotations

import zipfile
import zlib
from typing import TypeVar

Kind = TypeVar("Kind", bound="UserError")

DAMAGED = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
"""What reading a file raises where it is damaged, encrypted, or packed in a way that is not known."""


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


class DataError(UserError):
    """Annotations, features or videos that are not what they should be."""
