"""A text that captions go on from: `generate.prompt`."""

from __future__ import annotations

from dataclasses import replace

import torch

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import View
from vidcap_core.errors import UserError


def check_prompt(head: Head, tokenizer: Tokenizer, prompt: str | None) -> None:
    """Refuse a prompt for a head that starts its texts itself, and one with words that a tokenizer does not know."""
    if prompt is None:
        return
    if not (head.takes_prompt or "prompt" in (head.decodes or ())):
        raise UserError(
            f"{type(head).__name__} takes no prompt: it starts its texts in its own way", hint="without one"
        )
    if not head.takes_prompt:  # it reads the text itself
        return
    ids = tokenizer.encode(prompt)
    unknown = tokenizer.unknown_id
    strange = [word for word in prompt.split() if unknown is not None and unknown in tokenizer.encode(word)]
    if strange or not ids:
        why = f"the model does not know {', '.join(map(repr, strange))}" if strange else "it has no word"
        raise UserError(f"prompt '{prompt}': {why}", hint="words of the captions that it was trained on")


def prompted(view: View, prompt: str, tokenizer: Tokenizer, device: torch.device) -> View:
    """A view whose texts go on from a prompt."""
    ids = torch.tensor([tokenizer.bos_id, *tokenizer.encode(prompt)], device=device)
    return replace(view, prompt=ids.repeat(len(view.clips), 1))
