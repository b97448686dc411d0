"""A tokenizer that says words only: tokens that steer a model are nothing a person should read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Plain:
    """Another tokenizer, whose special tokens (`<SEP>`, `<unk>`, a prompt's) are left out of texts."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._silent = _specials(tokenizer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        return len(self._tokenizer)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        return " ".join(self._tokenizer.decode([i for i in ids if i not in self._silent]).split())


def _specials(tokenizer: Any) -> set[int]:
    """Ids of a vocabulary's specials, or of the added tokens of a `tokenizers` model."""
    state = tokenizer.state()
    names = state.get("specials", [])
    added = state.get("tokenizer", {}).get("added_tokens", [])
    return {tokenizer.token_id(name) for name in names} | {t["id"] for t in added if t["special"]}
