"""docs/reference is what scripts/reference.py makes of the code, it leaves nothing out, and its examples run."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest
import reference
import reference_commands
from reference_text import fields, prose

from vidcap_core import api
from vidcap_core.cli import main
from vidcap_core.config import schema
from vidcap_core.zoo.registry import REGISTRIES


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def test_the_pages_are_current(pages: dict[str, str]) -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in reference.FOLDER.glob("*.md")}
    stale = sorted(name for name in pages.keys() | written.keys() if pages.get(name) != written.get(name))
    assert stale == [], "run: python scripts/reference.py"


def test_every_component_section_command_and_name_is_there(pages: dict[str, str]) -> None:
    for kind, registry in REGISTRIES.items():
        ours = {entry.name for entry in registry if entry.plugin in reference.OURS}
        assert ours == set(re.findall(r"^## (\S+)$", pages[f"{kind}.md"], re.MULTILINE))
    for section in schema.SECTIONS:
        assert f"| `{section}` |" in pages["config.md"]
    for spec in reference.SETTINGS.values():
        for row in fields(spec):
            assert f"| {row[0]} |" in pages["config.md"]
    for command in main.COMMANDS:
        parser = reference_commands.inner(main.build_parser(command)[0])[command]
        assert f"\n## vidcap {command}\n" in pages["commands.md"]
        for option in (o for action in parser._actions for o in action.option_strings if o.startswith("--")):
            assert option in pages["commands.md"] or option == "--help", (command, option)
    for name in api.__all__:
        assert f"| `{name}` |" in pages["api.md"]


def test_most_keys_of_a_config_are_explained() -> None:
    """A key whose name says all needs no words: but for few, each has some."""
    silent = [row[0] for spec in reference.SETTINGS.values() for row in fields(spec) if not row[3]]
    assert len(silent) <= 10, silent


def test_arguments_are_written_as_they_are_typed() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", action="append", metavar="KEY=VALUE", help="100 %% of %(default)s")
    parser.add_argument("--amp", choices=("off", "bf16"))
    parser.add_argument("--hidden", help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="*")
    rows = [reference_commands.row(action) for action in parser._actions if reference_commands.shown(action)]
    assert rows == [["`--set KEY=VALUE`", "100 % of None"], ["`--amp off|bf16`", ""], ["`file`", ""]]


def test_a_docstring_becomes_a_list() -> None:
    text = "Does it.\n\nwidth: how wide\n  it is.\nfirst, last: both.\nMore.\n\n>>> f()\n"
    shown = "Does it.\n\n* `width`: how wide\n  it is.\n* `first, last`: both.\n\nMore."
    assert prose(text) == shown


def test_the_examples_of_the_python_page_run(tmp_path: Path) -> None:
    page = (reference.FOLDER / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "runs/small True"
    assert lines[1].startswith("4 of ")
    assert lines[-1].startswith("no such file.mp4 no such file.mp4: ")
