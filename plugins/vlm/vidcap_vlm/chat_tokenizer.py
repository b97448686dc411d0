"""The tokenizer of a chat model: a caption is its answer, and ends where its turn ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from vidcap_core.api import HFTokenizer, Missing
from vidcap_vlm import loading, tiny
from vidcap_vlm.conversation import Conversation
from vidcap_vlm.prompt import Prompt


class ChatTokenizer(HFTokenizer):
    """name: of a model, or its folder, with the chat template. normalize: a rule that cleans training captions.

    An answer begins with what the template writes before it (a space, with some), and ends with the template's
    token behind it.
    """

    def __init__(self, name: str, normalize: str = "none") -> None:
        folder = tiny.folder() if name == tiny.NAME else name
        processor = loading.processor_of(name, folder)
        with loading.reading(name, folder):
            super().__init__(folder, normalize=normalize)
        self.lead, tail = Conversation(processor, Prompt("?", "text"), None, name).around_answer()
        end = self.backend.encode(tail, add_special_tokens=False).ids[:1]
        if end and end[0] in self.special_ids:
            self._become({**self._roles, "eos": str(self.backend.id_to_token(end[0]))}, self.lead)

    @classmethod
    def missing(cls, name: str, **_: Any) -> Iterator[Missing]:
        """The model's files, as the head wants them too."""
        for each in loading.missing(name, "name"):
            yield replace(each, fix=each.fix.partition("   (")[0])

    def encode(self, text: str) -> list[int]:
        """Ids of an answer, with what begins it and without what ends it."""
        return self.encode_raw(self.lead + self._clean(text).strip())

    def state(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {**super().state(), "lead": self.lead}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> ChatTokenizer:
        """The tokenizer that gave this state."""
        made = super().from_state(state)
        assert isinstance(made, cls)
        made.lead = str(state["lead"])
        return made

    def _become(self, roles: dict[str, str], lead: str) -> None:
        super(HFTokenizer, self).__init__(self.backend, roles, self.normalize)
        self.lead = lead
