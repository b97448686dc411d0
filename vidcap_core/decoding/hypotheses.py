"""Texts as decoding makes them, and what no text can be."""

from __future__ import annotations

import torch
from torch import Tensor

from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.errors import UserError


def refuse_impossible(values: Tensor) -> None:
    """Complain of log-probabilities or scores of texts that cannot be."""
    nan, none = torch.stack([values.isnan().any(), values.isneginf().any()]).tolist()
    if nan:
        raise UserError("the head gave NaN instead of words", hint="the weights of an earlier checkpoint")
    if none:
        raise UserError("no word may come next", hint="a lower generate.min_length or no_repeat_ngram=0")


def hyp(words: list[int], log_probs: list[float], score: float, ended: bool) -> Hyp:
    """A text from its words and their log-probabilities, the last of which is EOS when it ended."""
    if ended:
        return Hyp(words[:-1], score, log_probs[:-1], log_probs[-1])
    return Hyp(words, score, log_probs)
