"""Several heads of one kind that write together: each word by the mean of their logits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import View
from vidcap_core.errors import ConfigError
from vidcap_core.zoo.registry import HEADS


class Ensemble(Head):
    """p(w_t) = softmax(1/M sum_m logits_m). The members read the same streams and know the same words.

    head: what each member is, without streams and tokenizer, e.g. dict(type="MeanPoolGRU", width=224).
    streams: name -> width of the streams that are read.
    members: how many there are.
    """

    takes_prompt = True

    def __init__(
        self, *, head: Mapping[str, Any], streams: dict[str, int], tokenizer: Tokenizer, members: int = 3
    ) -> None:
        super().__init__()
        if members < 1:
            raise ConfigError(f"an Ensemble needs members, not {members}")
        component = HEADS.component({**head, "streams": streams})
        kind = component.target
        if not (isinstance(kind, type) and issubclass(kind, Head)) or kind.write is not Head.write:
            raise ConfigError(f"an Ensemble is of heads that write word by word; {component.type} does not")
        self.members = nn.ModuleList(component.build(tokenizer=tokenizer) for _ in range(members))
        self.streams = streams

    def start(self, view: View) -> tuple[Any, Any]:
        """Memories and states of all members."""
        begun = [cast(Head, member).start(view) for member in self.members]
        return [memory for memory, _ in begun], [state for _, state in begun]

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word, by the mean of the logits."""
        pairs = zip(self.members, memory, state, strict=True)
        steps = [cast(Head, member).step(tokens, own, before) for member, own, before in pairs]
        return torch.stack([logits for logits, _ in steps]).mean(0), [after for _, after in steps]
