"""What we need, as pyproject.toml and docs/dependencies.md state it, and what the oldest-versions run makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from oldest import bounds, lower_bound, requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dependencies.md"
STATED = re.compile(r"([A-Za-z][\w.-]*) >= ([\d.]+\d)")


def test_the_page_states_the_bounds_of_the_requirements() -> None:
    """Each package with each of its bounds, and no other."""
    needed = {(canonicalize_name(r.name), str(lower_bound(r))) for r in requirements()}
    page = PAGE.read_text(encoding="utf-8")
    assert {(canonicalize_name(name), bound) for name, bound in STATED.findall(page)} == needed


def test_the_oldest_versions_are_the_bounds_that_hold_here() -> None:
    pins = bounds()
    here = [r for r in requirements() if r.marker is None or r.marker.evaluate()]
    assert pins.keys() == {canonicalize_name(r.name) for r in here}
    assert all(pins[canonicalize_name(r.name)] >= lower_bound(r) for r in here)
    assert pins["torch"] >= Version("2.10")  # a weights file can run code in older ones
    assert not {"vidcap-core", "vidcap-plugin-default-model"} & pins.keys()


@pytest.mark.parametrize("line", ["torch", "torch==2.10", "torch>2.10", "torch<3"])
def test_a_requirement_without_a_lower_bound_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="needs one lower bound"):
        lower_bound(Requirement(line))
