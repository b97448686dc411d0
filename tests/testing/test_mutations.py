"""The kit finds nothing in sound parts, and each planted bug by the check that should find it."""

from __future__ import annotations

from pathlib import Path

import pytest
import refresh_conform
from planted_bug import Bug
from planted_bugs import BUGS, COMMANDS, KINDS, NOT_CAUGHT

from vidcap_core.testing.check import checked, run
from vidcap_core.testing.checks import commands

INSTALLED = [bug for bug in BUGS if bug.kind == "command"]
BUILT = [bug for bug in BUGS if bug.kind != "command"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin with commands, as an installer leaves it."""
    package, info = tmp_path / "planted_commands", tmp_path / "planted_commands-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planted-commands\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vidcap.plugins]\nplanted = planted_commands\n")
    adds = "\n".join(f"    add({name!r}, 'planted_commands.{name}')" for name in COMMANDS)
    (package / "__init__.py").write_text(
        "from vidcap_core.api import hookimpl\n\nVIDCAP_API = 2\n\n\n"
        f"@hookimpl\ndef vidcap_commands(add):\n{adds}\n"
    )
    for name, (_, text) in COMMANDS.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")


@pytest.mark.parametrize("kind", KINDS)
def test_sound_parts_keep_every_promise(kind: str) -> None:
    made = KINDS[kind]
    wanted = {bug.check for bug in BUGS if bug.kind == kind}
    for finding in run(made.checks, made.subject(made.sound)):
        assert finding.ok is not False, finding.lines()
        assert finding.ok or finding.name not in wanted, finding.lines()


@pytest.mark.parametrize("bug", BUILT, ids=lambda bug: f"{bug.variant.__name__}-{bug.kind}")
def test_a_planted_bug_is_found(bug: Bug) -> None:
    kind = KINDS[bug.kind]
    finding = checked(bug.check, kind.checks[bug.check], kind.subject(bug.variant))
    assert finding.ok is False, finding.lines()
    assert finding.raised is bug.raises, finding.lines()
    said = [bool(line.partition(":")[2].strip()) for line in finding.lines()[1:]]
    assert said == [True] * (1 if bug.raises else 2)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", commands.CHECKS)
def test_a_sound_command_keeps_every_promise(name: str) -> None:
    finding = checked(name, commands.CHECKS[name], "greet")
    assert finding.ok, finding.lines()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("bug", INSTALLED, ids=lambda bug: bug.variant)
def test_a_planted_bug_of_a_command_is_found(bug: Bug) -> None:
    finding = checked(bug.check, commands.CHECKS[bug.check], bug.variant)
    assert finding.ok is False, finding.lines()
    assert not finding.raised, finding.lines()


@pytest.mark.parametrize(("kind", "variant"), NOT_CAUGHT, ids=lambda value: getattr(value, "__name__", value))
def test_what_the_table_calls_not_caught_is_not_caught(kind: str, variant: type) -> None:
    made = KINDS[kind]
    broken = [f.lines() for f in run(made.checks, made.subject(variant)) if f.ok is False]
    assert broken == []


def test_there_are_bugs_of_every_kind_and_for_every_check_of_a_component() -> None:
    assert len(BUGS) >= 30
    assert set(KINDS) <= {bug.kind for bug in BUGS}
    for kind in KINDS.values():
        same = {name for name, other in KINDS.items() if other.checks.keys() & kind.checks.keys()}
        assert set(kind.checks) <= {bug.check for bug in BUGS if bug.kind in same}
    assert set(commands.CHECKS) == {bug.check for bug in INSTALLED}


def test_the_tables_of_the_page_are_those_of_the_kit() -> None:
    text = refresh_conform.PAGE.read_text(encoding="utf-8")
    assert refresh_conform.filled(text) == text, "python scripts/refresh_conform.py"
