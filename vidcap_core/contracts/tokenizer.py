"""The tokenizer contract: words to ids and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """What heads, losses and decoding need of a tokenizer.

    One that learns from the training captions also has `fit(captions)`. `from_state(state)`, a class method,
    makes it again from what `state()` gave.
    """

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids that stand for no word: they are left out of what people read."""
        ...

    @property
    def unknown_id(self) -> int | None:
        """Stands for words that it does not know, and decoding bans it; None: it has none. Never the end."""
        ...

    @property
    def pad_id(self) -> int:
        """Fills a batch up; it may be the end token, so it marks nothing."""
        ...

    @property
    def bos_id(self) -> int:
        """Begins a text."""
        ...

    @property
    def eos_id(self) -> int:
        """Ends a text."""
        ...

    def __len__(self) -> int:
        """How many ids there are."""
        ...

    def encode(self, text: str) -> list[int]:
        """Ids of a text, cleaned, without specials around it."""
        ...

    def encode_raw(self, text: str) -> list[int]:
        """Ids of a text as it is, with its case and its spaces."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; padding, begin and end are left out."""
        ...

    def token_id(self, token: str) -> int:
        """The id of one token; a ConfigError where there is none."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything, as plain data."""
        ...
