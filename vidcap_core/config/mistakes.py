"""What is wrong with a config, gathered, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vidcap_core.errors import Mistakes, UserError


class Gathered:
    """The mistakes of a config, part by part."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.errors: list[UserError] = []

    @contextmanager
    def of_a_part(self) -> Iterator[None]:
        """Gather the mistake of one part, and go on with the next."""
        try:
            yield
        except Mistakes as error:
            self.errors += error.errors
        except UserError as error:
            self.errors.append(error)

    def refuse(self) -> None:
        """Raise what was gathered: one mistake as it is, several in one error."""
        errors = list({str(error): error for error in self.errors}.values())
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise Mistakes(self.name, errors)
