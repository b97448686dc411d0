"""The house: how many rooms, no circle between files, a config parsed in one place, few arguments of any type."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "vidcap_core"
SCORER = ROOT / "metrics" / "vidcap_metrics"
PARSED = {"Phase", "Schedule", "Evaluate", "Runtime", "GenerateSettings"}
ENTRIES, ANY = 27, 40


def modules() -> dict[str, ast.Module]:
    """Every module of the core but its configs, and of the scorer, parsed."""
    found = {}
    for path in (*CORE.rglob("*.py"), *SCORER.rglob("*.py")):
        if "bases" in path.parts or "templates" in path.parts:
            continue
        parts = path.relative_to(ROOT if path.is_relative_to(CORE) else SCORER.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text("utf-8"))
    return found


TREES = modules()


def imported(name: str) -> Iterator[str]:
    """The modules of core and scorer that one imports: lazily and for type checkers, too."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("vidcap_core", "vidcap_metrics")
        ):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in TREES else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in TREES)


def test_the_root_of_the_core_is_small_and_each_entry_is_in_the_picture() -> None:
    entries = {path.name for path in CORE.iterdir() if path.name != "__pycache__"}
    assert len(entries) <= ENTRIES
    picture = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert [name for name in entries if f"`{name}" not in picture and f"{name}`" not in picture] == []


def test_no_circle_between_files() -> None:
    graph = {name: {other for other in imported(name) if other != name} for name in TREES}
    try:
        list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_dict_of_a_config_is_parsed_outside_its_room() -> None:
    guilty = []
    for name, tree in TREES.items():
        if name.startswith("vidcap_core.config.") or name == "vidcap_core.testing.fixtures":
            continue  # fixtures take settings as keywords, for tests
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PARSED:
                guilty += [f"{name}:{node.lineno}" for keyword in node.keywords if keyword.arg is None]
    assert guilty == []


def test_few_arguments_are_of_any_type() -> None:
    loose = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                arguments = node.args
                for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                    if isinstance(argument.annotation, ast.Name) and argument.annotation.id == "Any":
                        loose.append(f"{name}.{node.name}({argument.arg})")
    assert len(loose) <= ANY, loose
