"""The questions put to a judge: text files of this package, each with a hash that stands in signatures."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Prompt:
    """A text with {{fields}}."""

    name: str
    text: str

    @property
    def hash(self) -> str:
        """Eight digits of the text's SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]

    def fill(self, **fields: str) -> str:
        """With its fields filled in; a field's text is never read for fields again."""
        return re.sub(r"\{\{(\w+)\}\}", lambda match: fields[match[1]], self.text)


def load_prompt(name: str) -> Prompt:
    """One of `prompts/*.txt`."""
    file = resources.files("vidcap_neural_metrics") / "prompts" / f"{name}.txt"
    return Prompt(name, file.read_text(encoding="utf-8"))


def digits(data: object) -> str:
    """Eight digits of the hash of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:8]
