"""What we need, as pyproject.toml and docs/dependencies.md state it, and what the oldest-versions run makes of it."""

from __future__ import annotations

import re

import pytest
from oldest import ROOT, bounds, lower_bound, project, requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PAGE = ROOT / "docs" / "dependencies.md"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
METRICS = ROOT / "metrics"
OWN = {canonicalize_name(project(path)["name"]): path for path in (ROOT, METRICS, *PLUGINS)}
STATED = re.compile(r"([A-Za-z][\w.-]*) >= ([\d.]+\d)")


def test_the_page_states_the_bounds_of_the_requirements() -> None:
    """Each package with each of its bounds, and no other."""
    every = {(canonicalize_name(r.name), str(lower_bound(r))) for r in requirements()}
    assert stated(PAGE.read_text(encoding="utf-8")) == every


def test_the_page_states_what_the_core_needs() -> None:
    assert stated(section("vidcap-core")) == needed(project(ROOT)["dependencies"])


def test_the_page_states_what_the_scorer_needs() -> None:
    table = project(METRICS)
    extras = [line for lines in table["optional-dependencies"].values() for line in lines]
    assert stated(section("vidcap-metrics")) == needed(table["dependencies"] + extras)
    assert needed(table["dependencies"]) == {("numpy", "1.24")}


def test_each_extra_has_a_row_with_its_packages() -> None:
    """Extras of our own that an extra takes in are named in its row; a plugin's needs stand for the plugin."""
    extras, rows = project(ROOT)["optional-dependencies"], table(section("Extras"))
    assert rows.keys() == extras.keys()
    for name, lines in extras.items():
        assert stated(rows[name]) == needed(lines), name
        taken = {extra for line in lines for extra in Requirement(line).extras}
        assert taken <= set(re.findall(r"`(\w+)`", rows[name])), name


def test_each_plugin_has_a_row_with_what_it_needs_besides_the_core() -> None:
    rows = table(section("Plugins"))
    assert rows.keys() == {path.name for path in PLUGINS}
    for path in PLUGINS:
        extras: dict[str, list[str]] = project(path).get("optional-dependencies", {})
        lines = [*project(path)["dependencies"], *(line for more in extras.values() for line in more)]
        assert any(canonicalize_name(Requirement(line).name) == "vidcap-core" for line in lines)
        assert stated(rows[path.name]) == needed(lines), path.name
        assert extras.keys() <= set(re.findall(r"`(\w+)`", rows[path.name])), path.name


def stated(text: str) -> set[tuple[str, str]]:
    """Packages with their bounds, as the page writes them."""
    return {(canonicalize_name(name), bound) for name, bound in STATED.findall(text)}


def needed(lines: list[str]) -> set[tuple[str, str]]:
    """Packages with their bounds; those of a package of ours in its place, and the core left out."""
    out: set[tuple[str, str]] = set()
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        if name not in OWN:
            out.add((name, str(lower_bound(requirement))))
        elif OWN[name] != ROOT:
            table = project(OWN[name])
            extras = [line for extra in requirement.extras for line in table["optional-dependencies"][extra]]
            out |= needed(table["dependencies"] + extras)
    return out


def section(heading: str) -> str:
    """What stands under a heading of the page."""
    return PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def table(text: str) -> dict[str, str]:
    """Rows of a table by the name in their first cell."""
    return dict(re.findall(r"^\| `(\w+)` \|(.*)$", text, re.MULTILINE))


def test_the_oldest_versions_are_the_bounds_that_hold_here() -> None:
    pins = bounds()
    here = [r for r in requirements() if r.marker is None or r.marker.evaluate()]
    assert pins.keys() == {canonicalize_name(r.name) for r in here}
    assert all(pins[canonicalize_name(r.name)] >= lower_bound(r) for r in here)
    assert pins["torch"] >= Version("2.10")  # a weights file can run code in older ones
    assert not {"vidcap-core", "vidcap-metrics", "vidcap-plugin-default-model"} & pins.keys()


@pytest.mark.parametrize("line", ["torch", "torch==2.10", "torch>2.10", "torch<3"])
def test_a_requirement_without_a_lower_bound_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="needs one lower bound"):
        lower_bound(Requirement(line))
