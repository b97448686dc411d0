"""Put the tables of checks and of planted bugs into docs/conform.md: `python scripts/refresh_conform.py`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conform.md"
MARKED = re.compile(r"(<!-- (\w+) -->\n).*?(\n<!-- end -->)", re.DOTALL)

sys.path.insert(0, str(ROOT / "tests"))  # where the planted bugs are

from planted_bugs import BUGS, NOT_CAUGHT, words  # noqa: E402

from vidcap_core.testing import journey  # noqa: E402
from vidcap_core.testing.checks import bundles, commands, plugins  # noqa: E402
from vidcap_core.testing.kit import CAPTIONER, CHECKS, JOURNEY  # noqa: E402

Group = Mapping[str, Callable[[Any], None]]


def groups() -> Iterator[tuple[str, Group]]:
    """What is checked, and by which checks."""
    yield "the package", plugins.CHECKS
    yield "the captioner of the toy config", {**CAPTIONER, JOURNEY: journey.round_trip}
    for kind, checks in CHECKS.items():
        yield {"encoders": "an encoder", "losses": "a loss"}.get(kind, f"a {kind[:-1]}"), checks
    yield "a command", commands.CHECKS
    yield "a bundle", bundles.CHECKS


def checks() -> str:
    """A row a check."""
    rows = ["| of | check | what it looks at |", "|---|---|---|"]
    for of, group in groups():
        for name, check in group.items():
            rows.append(f"| {of} | {name} | {(inspect.getdoc(check) or '').splitlines()[0]} |")
    return "\n".join(rows)


def bugs() -> str:
    """A row a planted bug."""
    rows = ["| planted in a | bug | found by |", "|---|---|---|"]
    rows += [f"| {bug.kind} | {words(bug)} | {bug.check} |" for bug in BUGS]
    rows += [f"| {kind} | {variant.__doc__} | not caught |" for kind, variant in NOT_CAUGHT]
    return "\n".join(rows)


def filled(text: str) -> str:
    """The page with both tables as they are now."""
    tables = {"checks": checks, "bugs": bugs}
    return MARKED.sub(lambda m: f"{m[1]}{tables[m[2]]()}{m[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
