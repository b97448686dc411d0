"""Put into docs/plugins.md what `vidcap new pooled` writes: `python scripts/refresh_docs.py`."""

from __future__ import annotations

import re
from pathlib import Path

from vidcap_core.testing import scaffold

PAGE = Path(__file__).resolve().parent.parent / "docs" / "plugins.md"
BLOCK = re.compile(r"<!-- file: (\S+) -->\n`\1`\n\n```(\w+)\n.*?```", re.DOTALL)


def main() -> None:
    """Replace each marked block."""
    files = scaffold.files("pooled")
    text = PAGE.read_text(encoding="utf-8")
    text = BLOCK.sub(lambda m: f"<!-- file: {m[1]} -->\n`{m[1]}`\n\n```{m[2]}\n{files[m[1]]}```", text)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
