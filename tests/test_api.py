"""The door for authors of plugins: exactly the names of tests/api.txt, light, and all that our own plugins use."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidcap_core import api

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = (ROOT / "tests" / "api.txt").read_text(encoding="utf-8").split()
PLUGINS = sorted(ROOT.glob("plugins/*/vidcap_*"))
MODULES = {
    "vidcap_core.api",
    "vidcap_core.heads.layers",
    "vidcap_core.testing",
    "vidcap_core.heads.causal_lm",
    "vidcap_core.encoders.hf_video",
}
"""What a plugin may import from the core; docs/plugins.md names the same."""
BEHIND = {
    f"vidcap_core.{name}"
    for name in (
        "captioner.build",
        "captioner.captioner",
        "captioner.missing_streams",
        "captioning.file_captioner",
        "cli.main",
        "config",
        "config.files",
        "config.validate",
        "datasets.flickr8k",
        "datasets.jsonl",
        "datasets.toy",
        "datasets.toy.make",
        "datasets.toy.streams",
        "decoding.beam",
        "decoding.generate",
        "decoding.step_source",
        "encoders.picture_words",
        "engine",
        "engine.optimizers",
        "engine.schedule",
        "engine.sweep",
        "errors",
        "losses.binary",
        "losses.token",
        "report.run_page",
        "saved",
        "saved.checkpoint",
        "saved.load",
        "testing.journey",
        "zoo",
    )
}
"""What tests of our own plugins read behind the door, to hold grids, schedules and stored runs to the core's."""


def test_the_door_has_exactly_the_golden_names() -> None:
    """A name that goes is a new `VIDCAP_API`; one that comes is not, and is written into tests/api.txt."""
    assert list(api.__all__) == GOLDEN
    assert dir(api) == sorted(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_every_name_resolves(name: str) -> None:
    assert getattr(api, name) is not None


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vidcap_core\.api' has no attribute 'Haed'"):
        _ = api.Haed  # type: ignore[attr-defined]


def test_the_door_itself_costs_no_torch() -> None:
    code = "import sys; from vidcap_core.api import VIDCAP_API, hookimpl; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "vidcap_core.api" in loaded
    assert not loaded & {"torch", "numpy", "mmengine", "transformers"}


def test_what_a_type_checker_reads_is_what_runs() -> None:
    """The imports under TYPE_CHECKING and the table of homes say the same."""
    tree = ast.parse((ROOT / "vidcap_core" / "api.py").read_text(encoding="utf-8"))
    block = next(
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    read = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert read == api._NAMES
    assert {*read, "VIDCAP_API", "hookimpl"} == set(api.__all__)


def imported(source: str) -> Iterator[str]:
    """The modules of the core that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "vidcap_core")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "vidcap_core":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "import vidcap_core.a\nfrom vidcap_core import api, b\ndef f():\n    from vidcap_core.c import d\n"
    )
    assert set(imported(source)) == {"vidcap_core.a", "vidcap_core.api", "vidcap_core", "vidcap_core.c"}


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_sees_the_door_and_little_else(package: Path) -> None:
    used = {name for path in package.rglob("*.py") for name in imported(path.read_text(encoding="utf-8"))}
    assert used <= MODULES
    assert len(used) <= 4


@pytest.mark.parametrize(
    "conftest", sorted(ROOT.glob("plugins/*/tests/conftest.py")), ids=lambda path: path.parts[-3]
)
def test_the_small_parts_of_a_plugins_tests_come_through_the_door(conftest: Path) -> None:
    used = set(imported(conftest.read_text(encoding="utf-8")))
    assert used <= MODULES
    assert "vidcap_core.testing" in used


def test_the_tests_of_plugins_read_nothing_else_behind_the_door() -> None:
    """The list only gets shorter: what is used no more goes from it too."""
    tests = ROOT.glob("plugins/*/tests/*.py")
    used = {name for path in tests for name in imported(path.read_text(encoding="utf-8"))}
    assert used - MODULES == BEHIND


def test_the_page_names_what_may_be_imported() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert [name for name in sorted(MODULES) if f"`{name}`" not in page] == []
