"""What tokenizers of pieces of words share: the `tokenizers` library under our contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from vidcap_core.errors import ConfigError
from vidcap_core.tokenizers.normalize import rule


class FastTokenizer:
    """A `tokenizers` model with ids for begin, end, padding and unknown. Padding may be the end token.

    `unknown_id` is None where no token stands for unknown words alone: GPT-2 writes its end there.

    normalize: the rule that cleans texts first: none, lower, lower_no_punctuation, words or ptb.
    """

    def __init__(self, backend: Any, roles: dict[str, str], normalize: str) -> None:
        self.backend = backend
        self.normalize = normalize
        self._clean = rule(normalize)
        self._roles = roles
        self.pad_id, self.bos_id, self.eos_id, unknown = (
            self.token_id(roles[role]) for role in ("pad", "bos", "eos", "unk")
        )
        self._around = {self.pad_id, self.bos_id, self.eos_id}
        self.unknown_id = None if unknown in self._around else unknown

    def __len__(self) -> int:
        return int(self.backend.get_vocab_size(with_added_tokens=True))

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids that stand for no word."""
        added = self.backend.get_added_tokens_decoder()
        return frozenset(number for number, token in added.items() if token.special)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without specials around it."""
        return list(self.backend.encode(self._clean(text), add_special_tokens=False).ids)

    def encode_raw(self, text: str) -> list[int]:
        """Ids of a text as it is, with its case and its spaces."""
        return list(self.backend.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; padding, begin and end are left out."""
        return str(
            self.backend.decode([i for i in ids if i not in self._around], skip_special_tokens=False)
        ).strip()

    def token_id(self, token: str) -> int:
        """The id of one token."""
        token_id = self.backend.token_to_id(token)
        if token_id is None:
            raise ConfigError(f"the tokenizer has no token '{token}'", hint=f'specials=["{token}"]')
        return int(token_id)

    def state(self) -> dict[str, Any]:
        """Everything, as plain data: what was loaded by name needs no network again."""
        return {
            "tokenizer": json.loads(self.backend.to_str()),
            "roles": self._roles,
            "normalize": self.normalize,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> FastTokenizer:
        """The tokenizer that gave this state."""
        from tokenizers import Tokenizer

        made = cls.__new__(cls)
        backend = _checked(lambda: Tokenizer.from_str(json.dumps(state["tokenizer"])))
        FastTokenizer.__init__(made, backend, state["roles"], state["normalize"])
        return made


def _checked(make: Callable[[], Any]) -> Any:
    """What the library makes; it raises bare exceptions, and where it gives up one that is no Exception at all."""
    try:
        return make()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"the tokenizers library refuses it: {error}") from None
