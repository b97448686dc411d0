"""Where words come from: a head, its memory and state, and which rows are still being written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import View
from vidcap_core.decoding.constraints import NOTHING
from vidcap_core.decoding.decoder_state import select_rows

EVERY = 8
"""Words between two looks at what is finished, on a device that the host would have to wait for."""


@dataclass
class Source:
    """A head in the middle of decoding: `clips` memory rows, each with `width` rows of state."""

    head: Head
    memory: Any
    state: Any
    tokens: Tensor  # [clips * width], the last word of each row
    prompt: Tensor  # [clips, P], NOTHING where it is padded; empty without a prompt
    eos: int
    clips: int
    banned: Tensor  # ids that are never written
    width: int = 1

    @classmethod
    def of(cls, head: Head, view: View, bos: int, eos: int, banned: Sequence[int] = ()) -> Source:
        """Run the view through the head's `start`."""
        memory, state = head.start(view)
        clips = len(view.clips)
        if view.prompt is None:
            device = _device(head, view)
            tokens = torch.full((clips,), bos, dtype=torch.long, device=device)
            prompt = torch.empty((clips, 0), dtype=torch.long, device=device)
        else:
            tokens, prompt = view.prompt[:, -1], view.prompt
            if view.prompt_mask is not None:
                prompt = prompt.masked_fill(~view.prompt_mask.bool(), NOTHING)
        never = torch.tensor(list(banned), dtype=torch.long).to(tokens.device, non_blocking=True)
        return cls(head, memory, state, tokens, prompt, eos, clips, never)

    @property
    def patience(self) -> int:
        """Words between two looks at what is finished: on a GPU the host waits for each."""
        return 1 if self.tokens.device.type == "cpu" else EVERY

    def log_probs(self) -> Tensor:
        """One step: [clips * width, V], in float32."""
        logits, self.state = self.head.step(self.tokens, self.memory, self.state)
        scores = logits.float().log_softmax(-1)
        return scores.index_fill(1, self.banned, -torch.inf) if len(self.banned) else scores

    def follow(self, parents: Tensor | None, tokens: Tensor) -> None:
        """Go on with rows `parents` [clips, K], counted within a clip (None: as they are), and new words."""
        if parents is not None:
            first = torch.arange(self.clips, device=parents.device)[:, None] * self.width
            self.state = select_rows(self.state, (parents + first).flatten(), self.clips * self.width)
            self.width = parents.shape[1]
        self.tokens = tokens.flatten()

    def keep(self, clips: Tensor) -> None:
        """Forget all but some clips, so that finished ones cost nothing."""
        rows = (clips[:, None] * self.width + torch.arange(self.width, device=clips.device)).flatten()
        self.state = select_rows(self.state, rows, self.clips * self.width)
        self.memory = select_rows(self.memory, clips, self.clips, "memory")
        self.tokens = self.tokens[rows]
        self.prompt = self.prompt[clips]
        self.clips = len(clips)


def _device(head: Head, view: View) -> torch.device:
    for parameter in head.parameters():
        return parameter.device
    for stream in view.streams.values():  # may run an encoder
        return stream.values.device
    return torch.device("cpu")
