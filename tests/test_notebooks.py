"""The notebooks run from the first cell to the last, in an empty folder, on toy data; the site shows what they gave."""

from __future__ import annotations

import json
from pathlib import Path

import notebooks
import pytest
from notebook_pages import notebook_page

PATHS = sorted(notebooks.FOLDER.glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, object]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["cells"])


def test_there_are_the_three() -> None:
    assert [path.stem for path in PATHS] == ["caption", "method", "train"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    ran = notebooks.run(path, tmp_path)
    assert [
        cell.source for cell in ran.cells if cell.cell_type == "code" and cell.execution_count is None
    ] == []
    if path.stem == "train":
        assert (tmp_path / "runs" / "mine" / "report-val.html").is_file()
    if path.stem == "method":
        assert (tmp_path / "pooled" / "pyproject.toml").is_file()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_is_stored_was_run_and_names_no_folder_of_a_machine(path: Path) -> None:
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code), f"python scripts/notebooks.py {path.stem}"
    text = json.dumps([cell["outputs"] for cell in code])
    assert "/home/" not in text
    assert "/tmp/" not in text
    assert "site-packages" not in text


def test_a_page_shows_text_pictures_and_what_is_printed(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
        {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
        {"output_type": "execute_result", "data": {"text/html": "<div>a dog</div>", "text/plain": "x"}},
    ]
    made = {
        "cells": [
            {"cell_type": "markdown", "source": "# Title\n\nFirst."},
            {"cell_type": "code", "source": "print(1)", "outputs": outputs},
        ]
    }
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(made))
    page = notebook_page(path)
    assert page.startswith("# Title\n\n[Open as a notebook](a.ipynb)\n\n")
    assert "```python\nprint(1)\n```" in page
    assert "```text\none\ntwo\n```" in page
    assert "(data:image/png;base64,AAAA)" in page
    assert "<div>a dog</div>" in page
