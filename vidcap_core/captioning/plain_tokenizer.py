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
        self.pad_id, self.bos_id, self.eos_id = tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id
        self.special_ids, self.unknown_id = tokenizer.special_ids, tokenizer.unknown_id
        self._silent = self.special_ids - {self.unknown_id}

    def __len__(self) -> int:
        return len(self._tokenizer)

    def encode(self, text: str) -> list[int]:
        """As the other one."""
        return self._tokenizer.encode(text)

    def encode_raw(self, text: str) -> list[int]:
        """As the other one."""
        return self._tokenizer.encode_raw(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        return " ".join(self._tokenizer.decode([i for i in ids if i not in self._silent]).split())

    def token_id(self, token: str) -> int:
        """As the other one."""
        return self._tokenizer.token_id(token)

    def state(self) -> dict[str, Any]:
        """The other one's: that is what is stored."""
        return self._tokenizer.state()
