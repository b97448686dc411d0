"""Documentation that can be run: commands parse, what is shown is what they print, links lead to what is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_core.cli import main, run

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = (
    "*.md",
    "docs/**/*.md",
    ".github/**/*.md",
    "changelog.d/README.md",
    "plugins/*/README.md",
    "metrics/README.md",
)
PAGES = [page for pattern in PATTERNS for page in sorted(ROOT.glob(pattern))]
ADDED = re.compile(r'^ +add\("([\w-]+)"', re.MULTILINE)
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
HEADING = re.compile(r"^(#+) +(.+?) *$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


def commands() -> list[tuple[str, list[str]]]:
    """Every line of a code block that starts with `vidcap` or `vidcap-run`, by page.

    But for commands that the page's own example adds: tests/test_docs_plugins.py installs and runs those.
    """
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        added = ADDED.findall(text)
        for line in (line for block in BLOCK.findall(text) for line in block.splitlines()):
            typed = line.removeprefix("$ ")
            if typed.startswith(("vidcap ", "vidcap-run ")) and typed.split()[1] not in added:
                found.append((str(page.relative_to(ROOT)), shlex.split(typed, comments=True)))
    return found


@pytest.mark.parametrize(
    ("page", "words"), commands(), ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_documented_command_can_be_typed(page: str, words: list[str]) -> None:
    name, *arguments = words
    if name == "vidcap-run":
        run.build_parser().parse_args(arguments)
    else:
        main.build_parser(arguments[0])[0].parse(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_heading_has_something_under_it(page: Path) -> None:
    assert empty_sections(page.read_text(encoding="utf-8")) == []


def test_a_dead_link_a_dead_anchor_and_an_empty_section_are_noticed(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text(
        "# Other\n\n## What `it` says, twice\n\nx\n\n## What it says, twice\n\nx\n\n```\n# No heading\n```\n"
    )
    page.write_text(
        "# Page\n\n## Full\n\n[a](other.md) [b](other.md#what-it-says-twice-1) [c](#full) [d](gone.md) [e](#gone) "
        "[f](other.md#no-heading)\n\n## Above\n\n### Below\n\nx\n\n## Empty\n\n<!-- nothing -->\n\n## Last\n"
    )
    assert dead_links(page) == ["gone.md", "#gone", "other.md#no-heading"]
    assert empty_sections(page.read_text()) == ["Empty", "Last"]


def test_every_decision_is_in_the_index_and_says_what_it_costs() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    index = (folder / "README.md").read_text(encoding="utf-8")
    titles = [record.read_text(encoding="utf-8").split("\n")[0].removeprefix("# ") for record in records]
    rows = [f"| {n} | [{t}]({r.name}) |" for n, (t, r) in enumerate(zip(titles, records, strict=True), 1)]
    assert rows == re.findall(r"^\| \d.*$", index, re.MULTILINE)
    parts = ["Context", "Decision", "What it costs", "What else was considered"]
    for record in records:
        assert re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE) == parts, (
            record.name
        )


def prose(text: str) -> str:
    """A page without its code blocks."""
    return BLOCK.sub("```\n```\n", text)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    counts: dict[str, int] = {}
    names = set()
    for _, heading in HEADING.findall(prose(page.read_text(encoding="utf-8"))):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        names.add(f"{name}-{counts[name]}" if name in counts else name)
        counts[name] = counts.get(name, 0) + 1
    return names


def dead_links(page: Path) -> list[str]:
    """Links of a page to files that are not there, or to headings that they do not have."""
    dead = []
    for target, anchor in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        file = page.parent / target if target else page
        if "://" not in target and (
            not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file))
        ):
            dead.append(f"{target}#{anchor}" if anchor else target)
    return dead


def empty_sections(text: str) -> list[str]:
    """Headings with neither text nor a deeper heading before the next one."""
    text = COMMENT.sub("", prose(text))
    headings = list(HEADING.finditer(text))
    empty = []
    for number, heading in enumerate(headings, 1):
        following = headings[number] if number < len(headings) else None
        deeper = following is not None and len(following[1]) > len(heading[1])
        if not deeper and not text[heading.end() : following.start() if following else None].strip():
            empty.append(heading[2])
    return empty


def shown() -> list[tuple[str, str]]:
    """`$ command` and the lines that follow it in the README."""
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return [tuple(block[2:].split("\n", 1)) for block in blocks if block.startswith("$ vidcap")]  # type: ignore[misc]


@pytest.mark.parametrize(("command", "output"), shown(), ids=[command for command, _ in shown()])
def test_the_readme_shows_what_is_printed(command: str, output: str, tmp_path: Path) -> None:
    name, *arguments = shlex.split(command)
    module = "vidcap_core.cli.run" if name == "vidcap-run" else "vidcap_core.cli.main"
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.stderr + done.stdout == output
