"""What NACF learns from: a template whose visual words are asked for, and a text with masks."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from vidcap_care.refine import Ids
from vidcap_care.vocabulary import FUNCTION_WORDS
from vidcap_core.api import Batch, Tokenizer, UserError, caption_tokens

Task = tuple[Tensor, Tensor, Tensor]
"""Tokens that are given, tokens that are wanted, and where the wanted ones count; each [B, L]."""


class Prepared(NamedTuple):
    """Both tasks of a batch, and which positions hold a word."""

    visual: Task
    masked: Task
    real: Tensor


class TrainingInputs:
    """visual: all is `<vis>`, and wanted are the visual words, `<mask>` for the others. masked: some is `<mask>`."""

    def __init__(self, tokenizer: Tokenizer, ids: Ids, share: tuple[float, float]) -> None:
        self._ids, self._share, self._bos_eos = ids, share, (tokenizer.bos_id, tokenizer.eos_id)
        functions = {number for word in FUNCTION_WORDS for number in tokenizer.encode(word)}
        self._is_visual = torch.tensor(
            [
                number not in functions and number not in tokenizer.special_ids
                for number in range(len(tokenizer))
            ]
        )

    def of(self, batch: Batch, longest: int, drawn: bool) -> Prepared:
        """Of the batch's captions; `drawn`: masks are random, else every word is masked."""
        tokens, mask = caption_tokens(batch)
        words, real = tokens[:, 1:], mask[:, 1:] & (tokens[:, 1:] != self._bos_eos[1])
        words, real = words[:, :-1], real[:, :-1]  # what is left of the longest one ends in EOS
        if words.shape[1] == 0:
            words, real = tokens[:, 1:], torch.zeros_like(mask[:, 1:])
        if words.shape[1] >= longest:
            raise UserError(
                f"a caption has {words.shape[1]} words, and NACFHead knows at most {longest - 1}",
                hint=f"--set head.max_length={words.shape[1] + 1}, or data.*.max_words",
            )
        words = words.masked_fill(~real, self._ids.pad)
        wanted = torch.where(self._is_visual.to(words.device)[words], words, self._ids.mask)
        visual = (torch.where(real, self._ids.visual, self._ids.pad), wanted, real)
        hidden = self._draw(real) if drawn else real
        return Prepared(visual, (words.masked_fill(hidden, self._ids.mask), words, hidden), real)

    def _draw(self, real: Tensor) -> Tensor:
        """Of each row a share of words between both limits, at least one."""
        low, high = self._share
        rows = real.sum(1)
        count = (rows * (low + (high - low) * torch.rand(len(real), device=real.device))).long().clamp_min(1)
        order = torch.rand(real.shape, device=real.device).masked_fill(~real, 2.0).argsort(1).argsort(1)
        return (order < count[:, None]) & real

    def __deepcopy__(self, memo: dict[int, Any]) -> TrainingInputs:
        return self
