"""No code stands twice: what two packages need belongs to the core or the scorer."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEAST = 40
"""Nodes of the syntax tree that a function needs to count as code of its own."""


def functions(path: Path) -> list[tuple[str, str]]:
    """Every function of a file, with its body as a tree without the docstring."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if sum(1 for statement in body for _ in ast.walk(statement)) >= LEAST:
                found.append((node.name, "".join(map(ast.dump, body))))
    return found


def copies(files: list[Path]) -> dict[str, list[str]]:
    """Where the same body stands in more than one package."""
    places = defaultdict(list)
    for path in files:
        for name, body in functions(path):
            places[body].append((path, name))
    return {
        f"{standing[0][1]}": [f"{path.relative_to(path.anchor)}:{name}" for path, name in standing]
        for standing in places.values()
        if len({path.parts[-2] for path, _ in standing}) > 1
    }


def test_no_function_stands_in_two_packages() -> None:
    files = [*ROOT.glob("plugins/*/vidcap_*/**/*.py"), *(ROOT / "vidcap_core").rglob("*.py")]
    files += (ROOT / "metrics" / "vidcap_metrics").rglob("*.py")
    assert len(files) > 50
    assert copies(files) == {}


def test_a_copy_would_be_found(tmp_path: Path) -> None:
    source = (ROOT / "vidcap_core" / "zoo" / "arguments.py").read_text(encoding="utf-8")
    for package in ("one", "two"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "signatures.py").write_text(source, encoding="utf-8")
    assert "fits" in copies(sorted(tmp_path.rglob("*.py")))
