"""The head contract: streams in, words (and times) out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from vidcap_core.contracts.panels import Panel
from vidcap_core.contracts.types import Batch, Event, Named, Stream, View
from vidcap_core.errors import UserError

Decode = Callable[[View], list[list[tuple[list[int], float]]]]
"""Generates for a view: per row the n best (token ids without BOS and EOS, score)."""


class Output(Mapping[str, Named]):
    """What a forward pass gave: named outputs, each with its own targets."""

    def __init__(self, **named: Named) -> None:
        self._named = named

    def __getitem__(self, name: str) -> Named:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    @property
    def logits(self) -> Tensor:
        """The word logits [R, L, V]: what `step` returns, for all positions at once."""
        return self["tokens"].value


class Head(nn.Module):
    """Streams to words. A plain captioner writes only `start` and `step`.

    Rows: a view of B rows is decoded with R = B * K rows (K beams); row r belongs to view row r // K.
    """

    lengths: ClassVar[str] = "masked"  # or "fixed:N": how it treats the length of a stream
    comes_trained: ClassVar[bool] = False  # True: pretrained as a whole; its config may have no phases

    def start(self, view: View) -> tuple[Any, Any]:
        """Memory and first state of a view, once for all words.

        `memory` is read-only, has one row a view row, and is never copied per beam. `state` is a pytree of
        tensors, batch first, which decoding repeats and reorders. All of `view.prompt` but its last token
        is consumed here; the last token (BOS when there is no prompt) is the first one that `step` gets.
        """
        raise NotImplementedError

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word: tokens [R] to logits [R, V] and the next state."""
        raise NotImplementedError

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Named outputs for training. The default is teacher forcing through `start` and `step`."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        memory, state = self.start(whole_clips(streams, batch))
        logits = []
        for position in range(tokens.shape[1] - 1):
            scores, state = self.step(tokens[:, position], memory, state)
            logits.append(scores)
        return Output(tokens=Named(torch.stack(logits, 1), tokens[:, 1:], mask[:, 1:]))

    def refuse_others(self, want: Set[str], known: Set[str]) -> None:
        """Complain of wanted outputs that this head does not know."""
        extra = sorted(set(want) - set(known))
        if extra:
            raise UserError(
                f"a loss reads {', '.join(extra)}, which {type(self).__name__} does not give; "
                f"it gives {', '.join(sorted(known))}"
            )

    def check(self, encoders: Mapping[str, nn.Module], longest: int) -> None:
        """Refuse, before a run, what could only fail in its midst; longest: words of a text, `generate.max_length`."""

    def assets(self) -> dict[str, Any]:
        """What builds this head where the files it was made of are gone: arrays, bytes, plain JSON data; no weights."""
        return {}

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Head:
        """The head that gave these assets, with its config's arguments; its weights follow. Tensors come as arrays."""
        return cls(**arguments)

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """What to caption. The default is one view: each clip as a whole."""
        return [whole_clips(streams, batch)]

    def explain(
        self, streams: Mapping[str, Stream], batch: Batch, events: Sequence[Sequence[Event]]
    ) -> list[list[Panel]]:
        """What can be shown of the finished texts: panels by clip, from one teacher-forced pass."""
        return [[] for _ in batch.clips]


def whole_clips(streams: Mapping[str, Stream], batch: Batch) -> View:
    """The view that takes each clip of a batch as a whole."""
    return View(streams=streams, clips=tuple(range(len(batch))), spans=(None,) * len(batch))


def caption_tokens(batch: Batch) -> tuple[Tensor, Tensor]:
    """Tokens [R, L] and their mask, of a batch that must have captions."""
    if batch.tokens is None or batch.token_mask is None:
        raise UserError("a forward pass for words needs captions, and this batch has none")
    return batch.tokens, batch.token_mask
