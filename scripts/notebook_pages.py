"""A page of the docs site for each notebook: its cells, with what they printed and drew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def notebook_page(path: Path) -> str:
    """A notebook as Markdown, with a link to the file behind its title."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title, _, rest = text_of(cells[0]["source"]).partition("\n")
    lines = [title, f"[Open as a notebook]({path.name})", rest.strip()]
    for cell in cells[1:]:
        lines += [text_of(cell["source"])] if cell["cell_type"] == "markdown" else code(cell)
    return "\n\n".join(lines) + "\n"


def code(cell: dict[str, Any]) -> Iterator[str]:
    """A cell of code, and its outputs."""
    yield f"```python\n{text_of(cell['source'])}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "text/html" in data:
            yield text_of(data["text/html"])
        elif "image/png" in data:
            yield f"![output](data:image/png;base64,{text_of(data['image/png']).strip()})"
        elif printed := text_of(output.get("text", data.get("text/plain", ""))).rstrip():
            yield f"```text\n{printed}\n```"


def text_of(source: str | list[str]) -> str:
    """A field of a notebook, which may be a list of lines."""
    return source if isinstance(source, str) else "".join(source)
