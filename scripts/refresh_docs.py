"""Put into the pages for authors what `vidcap new` writes: `python scripts/refresh_docs.py`."""

from __future__ import annotations

import re
from pathlib import Path

from vidcap_core.testing import scaffold

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"<!-- file: (\S+) -->\n`\1`\n\n```(\w+)\n(.*?)```", re.DOTALL)
EXAMPLES = {
    "head": "pooled",
    "dense-head": "timely",
    "encoder": "tinted",
    "derived-encoder": "unusual",
    "loss": "eased",
    "dataset": "squares",
    "transform": "thinned",
    "metric": "known",
    "tokenizer": "spelt",
    "panel": "drawn",
    "writer": "at_once",
    "model-head": "tuned",
    "command": "trains",
    "bundle": "shipped",
}
"""The plugin that each kind's page shows."""
ELSEWHERE = {"head": "plugins.md", "writer": "plugins/head.md"}
"""Pages that have another name than their kind."""


def page_of(kind: str) -> Path:
    """The page that shows the skeleton of a kind."""
    return DOCS / ELSEWHERE.get(kind, f"plugins/{kind}.md")


def shown(page: Path) -> dict[str, str]:
    """The files that a page shows."""
    return {path: text for path, _, text in BLOCK.findall(page.read_text(encoding="utf-8"))}


def main() -> None:
    """Replace each marked block."""
    for kind, name in EXAMPLES.items():
        files, page = scaffold.files(name, kind), page_of(kind)
        text = BLOCK.sub(
            lambda match, files=files: (
                f"<!-- file: {match[1]} -->\n`{match[1]}`\n\n```{match[2]}\n{files[match[1]]}```"
            ),
            page.read_text(encoding="utf-8"),
        )
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
