"""Texts for a loss to learn from: written by the captioner that trains, and scored by it with gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.hypotheses import Hyp, Rows
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Stream, View
from vidcap_core.errors import UserError
from vidcap_core.heads.layers import padded_ids

Generate = Callable[[View, GenerateSettings], Rows]


@dataclass
class CaptionWriter:
    """The `Writer` of one batch."""

    captioner: nn.Module  # as a whole, for its eval mode
    head: Head
    tokenizer: Tokenizer
    settings: GenerateSettings
    generate: Generate
    batch: Batch
    streams: Mapping[str, Stream]  # those that train
    unlearnt: Mapping[str, Stream]  # those that texts are written from; they may carry no graph

    def write(self, **changes: Any) -> Rows:
        """The texts of each clip, best first, as `generate` of the config says; changes: other values of its keys."""
        return self._texts(replace(self.settings, **changes))

    def sample(self, count: int, *, temperature: float = 1.0, max_length: int | None = None) -> Rows:
        """`count` texts of each clip from the probabilities that are trained: no word is banned, nothing cut off."""
        most = max_length or self.settings.max_length
        return self._texts(
            GenerateSettings("sample", n_best=count, temperature=temperature, max_length=most, unknown=True)
        )

    def log_probs(self, texts: Sequence[Hyp]) -> tuple[Tensor, Tensor]:
        """Log-probabilities [B, L] of the words of one text a clip, 0 beyond its end, and which words are real."""
        words = self.head(self.streams, self._captions(texts), frozenset({"tokens"}))["tokens"]
        logs = words.value.float().log_softmax(-1)
        chosen = logs.gather(-1, words.target.clamp_min(0)[..., None]).squeeze(-1)
        return torch.where(words.mask, chosen, 0), words.mask

    def _texts(self, settings: GenerateSettings) -> Rows:
        with torch.no_grad(), in_eval_mode(self.captioner):
            rows = self.generate(self._view, settings)
        return [[with_text(hyp, self.tokenizer) for hyp in row] for row in rows]

    @cached_property
    def _view(self) -> View:
        return whole_view(self.head, self.unlearnt, self.batch)

    def _captions(self, texts: Sequence[Hyp]) -> Batch:
        """The batch with other captions."""
        rows = [caption_row(text, self.tokenizer) for text in texts]
        tokens, mask = padded_ids(rows, self.tokenizer.pad_id, least=2)
        device = next((p.device for p in self.captioner.parameters()), "cpu")
        return replace(
            self.batch,
            tokens=tokens.to(device),
            token_mask=mask.to(device),
            texts=tuple(with_text(text, self.tokenizer).text or "" for text in texts),
        )


def whole_view(head: Head, streams: Mapping[str, Stream], batch: Batch) -> View:
    """The one view of a head that captions each clip as a whole."""

    def refuse(view: View) -> Any:
        raise UserError(
            f"a loss has texts written, and {type(head).__name__} generates in order to plan what to write"
        )

    views = head.plan(streams, batch, refuse)
    if len(views) != 1 or views[0].clips != tuple(range(len(batch))):
        raise UserError(
            f"a loss that has texts written needs one caption a clip; {type(head).__name__} plans other views"
        )
    return views[0]


def with_text(hyp: Hyp, tokenizer: Tokenizer) -> Hyp:
    """The same hypothesis with its text, which some heads give themselves."""
    return hyp if hyp.text is not None else replace(hyp, text=tokenizer.decode(hyp.tokens))


def caption_row(text: Hyp, tokenizer: Tokenizer) -> list[int]:
    """The ids of a text to learn; one that max_length cut has no EOS."""
    if text.text and not text.tokens:  # of a head that writes no ids
        return [tokenizer.bos_id, *tokenizer.encode(text.text), tokenizer.eos_id]
    return [tokenizer.bos_id, *text.tokens, *([] if text.end is None else [tokenizer.eos_id])]


@contextmanager
def in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Eval mode for a while; every part then goes back to its own mode."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
