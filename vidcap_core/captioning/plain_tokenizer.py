"""A tokenizer that says words only: tokens that steer a model are nothing a person should read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidcap_core.contracts.tokenizer import Tokenizer


class Plain:
    """Another tokenizer, whose special tokens (`<SEP>`, a prompt's) are left out of texts.

    Only the unknown word stays: it is not written unless someone wants it, and a hole in a sentence misleads.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        # both are optional in the contract of a tokenizer
        specials: frozenset[int] = getattr(tokenizer, "special_ids", frozenset())
        self._silent = specials - {getattr(tokenizer, "unknown_id", None)}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        return len(self._tokenizer)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        return " ".join(self._tokenizer.decode([i for i in ids if i not in self._silent]).split())
