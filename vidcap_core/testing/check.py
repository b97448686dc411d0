"""What a check of the conformance kit finds, and how checks are run."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap_core.errors import UserError
from vidcap_core.zoo import plugins

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
    """Why the check was skipped, or what was raised."""
    of: str = ""
    """The component, where it is one of several: `encoder SmallText`."""
    raised: bool = False
    """Whether the component itself raised what nobody expects."""

    @property
    def title(self) -> str:
        """The check, and of what."""
        return f"{self.of}: {self.name}" if self.of else self.name

    def lines(self) -> list[str]:
        """What there is to say: a line or two for a failure, a reason where it was skipped."""
        if self.ok is None:
            return [f"-    {self.title}: {self.reason}"]
        if self.ok:
            return [f"ok   {self.title}"]
        if self.raised:
            return [f"FAIL {self.title}", f"     it raised {self.reason}"]
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
        return Check(name, False, reason=what_was_raised(error), of=of, raised=True)
    return Check(name, True, of=of)


def run(checks: Checks, subject: Any, of: str = "", may_refuse: bool = False) -> list[Check]:
    """The findings of several checks."""
    return [checked(name, check, subject, of, may_refuse) for name, check in checks.items()]


def listed(checks: Iterable[Check]) -> Iterator[str]:
    """The lines of several checks; what was raised before is not said in full again."""
    before: set[str] = set()
    for check in checks:
        if check.raised and check.reason in before:
            yield from (check.lines()[0], "     it raised the same error as above")
            continue
        yield from check.lines()
        if check.raised:
            before.add(check.reason)


def what_was_raised(error: Exception) -> str:
    """An error in one line, with where it comes from: a plugin's own file, where it went through one."""
    frames = list(traceback.walk_tb(error.__traceback__))
    modules = [str(frame.f_globals.get("__name__", "")) for frame, _ in frames]
    targets = (
        t for p in plugins.discover().values() for table in p.components.values() for t in table.values()
    )
    roots = {_root(target) for target in targets} - {"vidcap_core"}
    at = max((index for index, module in enumerate(modules) if _root(module) in roots), default=-1)
    frame, line = frames[at]
    path = Path(frame.f_code.co_filename)
    depth = modules[at].count(".") + (path.stem == "__init__")
    where = Path(*path.parts[-depth - 1 :]).as_posix()
    return f"{type(error).__name__}: {' '.join(str(error).split())} ({where}:{line})"


def _root(target: str) -> str:
    """The package of `package.module:Attribute`."""
    return target.partition(":")[0].partition(".")[0]
