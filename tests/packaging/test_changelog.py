"""What stands in changelog.d becomes a section of CHANGELOG.md: each file has a known type and holds sentences."""

from __future__ import annotations

import re
from pathlib import Path

from oldest import tomllib

ROOT = Path(__file__).resolve().parents[2]
FRAGMENTS = ROOT / "changelog.d"
NAME = re.compile(r"(?:\+[a-z0-9-]+|\d+)\.([a-z]+)\.md")
TYPES = [
    entry["directory"]
    for entry in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]
]


def problems(name: str, text: str) -> list[str]:
    """What is wrong with a fragment."""
    parts = NAME.fullmatch(name)
    if parts is None:
        return [f"{name}: not +WORDS.TYPE.md or NUMBER.TYPE.md"]
    if parts[1] not in TYPES:
        return [f"{name}: no type '{parts[1]}'; there are {', '.join(TYPES)}"]
    if not text.rstrip().endswith(".") or text.startswith(("-", "#", "*")):
        return [f"{name}: whole sentences, without a list mark or a heading"]
    return []


def test_every_fragment_has_a_known_type_and_holds_sentences() -> None:
    files = [path for path in FRAGMENTS.iterdir() if path.name not in ("README.md", "template.md.jinja")]
    assert [line for path in files for line in problems(path.name, path.read_text(encoding="utf-8"))] == []


def test_a_fragment_that_towncrier_would_pass_over_is_refused() -> None:
    assert problems("+pull.fix.md", "It works.\n") == []
    assert problems("12.fix.md", "It works.\n") == []
    assert problems("+pull.bugfix.md", "It works.\n")
    assert problems("pull.md", "It works.\n")
    assert problems("+pull.fix.txt", "It works.\n")
    assert problems("+pull.fix.md", "- It works.\n")
    assert problems("+pull.fix.md", "")


def test_the_page_names_the_types() -> None:
    page = (FRAGMENTS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == TYPES


def test_changes_go_below_the_mark() -> None:
    """A section that was written by hand would be left behind by the next release."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    before, mark, versions = changelog.partition("\n<!-- towncrier release notes start -->\n")
    assert mark
    assert "\n## " not in before
    assert re.findall(r"^## (?!\d)", versions, re.MULTILINE) == []
