"""No tokenizer at all, for heads that write texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from vidcap_core.errors import UserError


class TextOnly:
    """For a head that writes texts, not ids (an HTTP endpoint, say): it knows no words, so none can be learnt."""

    pad_id = bos_id = eos_id = 0
    special_ids: frozenset[int] = frozenset()
    unknown_id = None

    def __len__(self) -> int:
        return 1

    def encode(self, text: str) -> list[int]:
        """An error: nothing here makes ids of texts."""
        self._refuse(text)

    def encode_raw(self, text: str) -> list[int]:
        """The same."""
        self._refuse(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Nothing: ids stand for no words."""
        return ""

    def token_id(self, token: str) -> int:
        """An error, as there are no tokens."""
        self._refuse(token)

    def state(self) -> dict[str, Any]:
        """Nothing, as there is nothing to know."""
        return {}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TextOnly:
        """The same again."""
        return cls()

    def _refuse(self, text: str) -> NoReturn:
        raise UserError(
            f"the tokenizer TextOnly makes no ids of a text, and was asked for those of {text[:40]!r}: "
            "it is for heads that write texts themselves",
            hint="tokenizer = dict(type='Vocabulary'), or another that `vidcap list tokenizers` lists",
        )
