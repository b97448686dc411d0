"""Files beside the code: GitHub's workflow and templates, hooks of pre-commit, the citation."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from oldest import ROOT, project

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
FORMS = sorted(path for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml") if path.stem != "config")
CHECKS = ("ruff", "mypy", "lint-imports")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def plain(command: str) -> str:
    """A command without the environment it is called from, and without where it puts things."""
    tool, *arguments = shlex.split(command)
    kept = [word for word in arguments if word != "--out" and not word.endswith("dist")]
    return " ".join([Path(tool).name.removeprefix("$"), *kept])


def ci_steps() -> list[str]:
    """What `.ci/run` runs, but for the tests, which it starts through a function."""
    lines = re.findall(r'^step "[^"]+" ("\$.+?)(?: +#.*)?$', (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    return [plain(line) for line in lines]


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = read(WORKFLOW)["jobs"]
    return found


def steps() -> list[dict[str, Any]]:
    return [step for job in jobs().values() for step in job["steps"]]


def test_the_workflow_runs_every_step_of_ci_run() -> None:
    commands = {plain(step["run"]) for step in steps() if "run" in step}
    assert len(ci_steps()) == 6
    assert [step for step in ci_steps() if step not in commands] == []
    assert any(command.startswith("python start.py test") for command in commands)
    assert any(command.startswith("python scripts/oldest.py") for command in commands)


def test_the_workflow_may_only_read_and_pins_its_actions() -> None:
    assert read(WORKFLOW)["permissions"] == {"contents": "read"}
    assert not [name for name, job in jobs().items() if "permissions" in job]
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_the_workflow_tries_every_python_and_the_oldest_where_they_can_be_installed() -> None:
    matrix = jobs()["tests"]["strategy"]["matrix"]
    axes = ("os", "python", "dependencies")
    left_out, added = matrix["exclude"], matrix["include"]
    rows = [dict(zip(axes, row, strict=True)) for row in itertools.product(*(matrix[axis] for axis in axes))]
    rows = [row for row in rows if not any(out.items() <= row.items() for out in left_out)] + added
    newest = ("3.10", "3.11", "3.12", "3.13")
    assert project(ROOT)["requires-python"] == f">={newest[0]}"
    assert sorted(tuple(row.values()) for row in rows) == sorted(
        [(system, python, "newest") for system in ("ubuntu-latest", "macos-latest") for python in newest]
        + [("ubuntu-latest", python, "oldest") for python in ("3.10", "3.11")]
    )


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_whole(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= form.keys()
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in asked}) == len(asked)
    assert all(field["attributes"]["label"] for field in asked)
    assert any(field.get("validations", {}).get("required") for field in asked)


def test_there_are_forms_for_a_fault_a_method_and_a_question() -> None:
    assert [path.stem for path in FORMS] == ["bug", "method", "question"]
    doctor = next(field for field in read(FORMS[0])["body"] if field.get("id") == "doctor")
    assert "`vidcap doctor`" in doctor["attributes"]["label"]
    assert doctor["validations"] == {"required": True}


def test_the_hooks_fetch_nothing_and_are_the_checks_of_ci_run() -> None:
    repositories = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert {repository["repo"] for repository in repositories} == {"local"}
    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system", "pygrep"}
    entries = [
        hook["entry"].removesuffix(" --force-exclude") for hook in hooks if hook["language"] == "system"
    ]
    checks = [step for step in ci_steps() if step.startswith(CHECKS)]
    assert len(entries) == len(checks)
    assert all(check.startswith(entry) for entry, check in zip(entries, checks, strict=True))


def test_the_citation_is_whole() -> None:
    citation, about = read(ROOT / "CITATION.cff"), project(ROOT)
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["authors"] == about["authors"]
    assert citation["license"] == about["license"]
    assert set(citation["keywords"]) <= set(about["keywords"])
