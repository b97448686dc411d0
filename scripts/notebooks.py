"""Run the notebooks of docs/notebooks and keep what they show: `python scripts/notebooks.py [NAME]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
SECONDS = 900
"""The longest that one cell may take."""


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """A notebook with the outputs of a run in a folder of its own; a cell that fails is an error."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}})
    client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when each cell ran, which changes each time
        outputs = cell.get("outputs", [])
        outputs[:] = [
            each for each in outputs if each.get("name") != "stderr"
        ]  # warnings that name this machine
    return notebook


def main() -> None:
    """Run those that are named, or all."""
    names = sys.argv[1:] or [path.stem for path in sorted(FOLDER.glob("*.ipynb"))]
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(FOLDER / f"{name}.ipynb", Path(folder))
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")


if __name__ == "__main__":
    main()
