"""What a planted bug is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bug:
    """A broken variant of a sound part, whose docstring says what is wrong, and the check that must find it.

    raises: it breaks by an error of its own.
    """

    kind: str
    check: str
    variant: Any
    raises: bool = False
