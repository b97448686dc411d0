"""What a check of the conformance kit finds, and how checks are run."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap_core.errors import UserError

Checks = Mapping[str, Callable[[Any], None]]
"""Name -> what is called with the subject. A broken promise raises Broken, one that is of no concern Skipped."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: kept, broken, or not looked at (`ok` is None, and `reason` says why)."""

    name: str
    ok: bool | None
    changed: str = ""
    """What was done."""
    unmoved: str = ""
    """What should not have moved, and how it did."""
    reason: str = ""
    """Why the check was skipped."""
    of: str = ""
    """The component, where it is one of several: `encoder SmallText`."""
    raised: bool = False
    """Whether the component itself raised what nobody expects."""

    @property
    def title(self) -> str:
        """The check, and of what."""
        return f"{self.of}: {self.name}" if self.of else self.name

    def lines(self) -> list[str]:
        """What there is to say: two lines for a failure, a reason where it was skipped."""
        if self.ok is None:
            return [f"-    {self.title}: {self.reason}"]
        if self.ok:
            return [f"ok   {self.title}"]
        return [
            f"FAIL {self.title}",
            f"     changed: {self.changed}",
            f"     should not have moved: {self.unmoved}",
        ]


class Broken(Exception):
    """A promise is broken: what was changed, and what should not have moved."""

    def __init__(self, changed: str, unmoved: str) -> None:
        super().__init__(f"{changed}: {unmoved}")
        self.changed, self.unmoved = changed, unmoved


class Skipped(Exception):
    """The check is of no concern here, with the reason."""


def expect(holds: bool, changed: str, unmoved: str) -> None:
    """Raise Broken where something does not hold."""
    if not holds:
        raise Broken(changed, unmoved)


def checked(
    name: str, check: Callable[[Any], None], subject: Any, of: str = "", may_refuse: bool = False
) -> Check:
    """The finding of one check; a component may fail in any way, and the report must still be whole.

    may_refuse: a UserError says that the component is not for this, and the check is skipped.
    """
    try:
        check(subject)
    except Skipped as skipped:
        return Check(name, None, reason=str(skipped), of=of)
    except Broken as broken:
        return Check(name, False, broken.changed, broken.unmoved, of=of)
    except Exception as error:
        if may_refuse and isinstance(error, UserError):
            return Check(name, None, reason=f"it refuses: {error.line}", of=of)
        return Check(name, False, "nothing: it was only used", _raised(error), of=of, raised=True)
    return Check(name, True, of=of)


def run(checks: Checks, subject: Any, of: str = "", may_refuse: bool = False) -> list[Check]:
    """The findings of several checks."""
    return [checked(name, check, subject, of, may_refuse) for name, check in checks.items()]


def _raised(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())
    return f"it works; it raised {type(error).__name__}: {text} ({Path(frame.filename).name}:{frame.lineno})"
