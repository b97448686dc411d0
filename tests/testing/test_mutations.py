"""The kit finds nothing in sound parts, and each planted bug by the check that should find it."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_bugs import BUGS, COMMANDS, KINDS, Bug

from vidcap_core.testing.check import checked
from vidcap_core.testing.checks import commands

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conform.md"


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
    subject = made.subject(made.sound)
    wanted = {bug.check for bug in BUGS if bug.kind == kind}
    for name, check in made.checks.items():
        finding = checked(name, check, subject)
        assert finding.ok is not False, finding.lines()
        assert finding.ok or name not in wanted, finding.lines()


@pytest.mark.parametrize(
    "bug", [b for b in BUGS if b.kind != "command"], ids=lambda bug: bug.variant.__name__
)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    kind = KINDS[bug.kind]
    finding = checked(bug.check, kind.checks[bug.check], kind.subject(bug.variant))
    assert finding.ok is False, finding.lines()
    assert finding.raised is bug.raises, finding.lines()
    assert len(finding.lines()) == 3
    assert all(finding.lines())


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", commands.CHECKS)
def test_a_sound_command_keeps_every_promise(name: str) -> None:
    finding = checked(name, commands.CHECKS[name], "greet")
    assert finding.ok, finding.lines()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("bug", [b for b in BUGS if b.kind == "command"], ids=lambda bug: bug.variant)
def test_a_planted_bug_of_a_command_is_found(bug: Bug) -> None:
    finding = checked(bug.check, commands.CHECKS[bug.check], bug.variant)
    assert finding.ok is False, finding.lines()
    assert not finding.raised
