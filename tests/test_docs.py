"""Documentation that can be run: commands parse, what is shown is what they print, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_core.cli import main, run

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    page for pattern in ("*.md", "docs/**/*.md", "plugins/*/README.md") for page in sorted(ROOT.glob(pattern))
]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def commands() -> list[tuple[str, list[str]]]:
    """Every line of a code block that starts with `vidcap` or `vidcap-run`, by page."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                typed = line.removeprefix("$ ")
                if typed.startswith(("vidcap ", "vidcap-run ")):
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
        main.build_parser(arguments[0])[0].parse_args(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(prose) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


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
