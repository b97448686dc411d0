"""How NACF finds words without going from left to right: drafts of a text, masked and predicted again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Paradigm = Literal["mask_predict", "easy_first", "left_to_right"]
Predict = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Tokens [R, L], padded, to the likeliest word of each position and its probability."""
Judge = Callable[[Tensor], Tensor]
"""Tokens [R, L] to a probability of each that a teacher gives; 1 at padding."""


@dataclass(frozen=True)
class Ids:
    """Ids of the special words."""

    pad: int
    mask: int
    visual: int


@dataclass(frozen=True)
class Plan:
    """How a text is refined.

    paradigm: which positions are predicted when. templates: a first pass writes visual words and leaves masks.
    iterations: passes of mask_predict. q: words a pass of the others; q_iterations: their passes of revision.
    """

    paradigm: Paradigm
    templates: bool
    iterations: int
    q: int
    q_iterations: int


@dataclass
class Draft:
    """Texts in the making: tokens and the probability of each; 1 at padding, 0 at masks."""

    tokens: Tensor
    chance: Tensor
    ids: Ids

    def fill(self, predict: Predict, where: Tensor) -> None:
        """Predict words, and take those of the positions `where`."""
        words, chance = predict(self.tokens)
        self.tokens = torch.where(where, words, self.tokens)
        self.chance = torch.where(where, chance, self.chance)

    def masked(self) -> Tensor:
        """Positions that have no word yet."""
        return self.tokens == self.ids.mask

    def mask(self, where: Tensor) -> None:
        """Take words away."""
        self.tokens = self.tokens.masked_fill(where, self.ids.mask)


def draft(lengths: Tensor, plan: Plan, ids: Ids, predict: Predict, judge: Judge | None) -> Draft:
    """Texts of these lengths [R]. A judge's probabilities count where words are taken away, too."""
    width = int(lengths.max())
    real = torch.arange(width, device=lengths.device) < lengths[:, None]
    first = ids.visual if plan.templates else ids.mask
    tokens = torch.where(real, first, ids.pad)
    text = Draft(tokens, torch.where(real, 0.0, 1.0), ids)
    if plan.templates:
        text.fill(predict, real)
        text.chance = text.chance.masked_fill(text.masked(), 0.0)
    if plan.paradigm == "mask_predict":
        _mask_predict(text, plan, lengths, real, predict, judge)
    else:
        _fill_in(text, plan, predict)
        _revise(text, plan, lengths, real, predict, judge)
    return text


def _mask_predict(
    text: Draft, plan: Plan, lengths: Tensor, real: Tensor, predict: Predict, judge: Judge | None
) -> None:
    """The n_t = max(1, floor(L (1 - t / T))) least likely words are predicted again; templates cost one pass more."""
    passes = plan.iterations + plan.templates
    text.fill(predict, text.masked())
    for index in range(2 if plan.templates else 1, passes):
        text.mask(_least(text, _share(lengths, index, passes), real, judge))
        text.fill(predict, text.masked())


def _fill_in(text: Draft, plan: Plan, predict: Predict) -> None:
    """q words a pass: the likeliest ones, or the leftmost."""
    most = int(text.masked().sum(1).max())
    for _ in range(-(-most // plan.q)):
        open_now = text.masked()
        words, chance = predict(text.tokens)
        if plan.paradigm == "easy_first":
            order = chance.masked_fill(~open_now, -1.0)
        else:
            order = -torch.arange(open_now.shape[1], device=chance.device).expand_as(chance).float()
            order = order.masked_fill(~open_now, -torch.inf)
        take = torch.zeros_like(open_now)
        take.scatter_(1, order.topk(min(plan.q, order.shape[1])).indices, True)
        take &= open_now
        text.tokens = torch.where(take, words, text.tokens)
        text.chance = torch.where(take, chance, text.chance)


def _revise(
    text: Draft, plan: Plan, lengths: Tensor, real: Tensor, predict: Predict, judge: Judge | None
) -> None:
    """Passes of revision, as the last ones of mask_predict; after a template the first one writes all words anew."""
    passes = plan.iterations + 1
    for index in range(plan.q_iterations):
        step = max(0, passes - plan.q_iterations + index)
        anew = plan.templates and index == 0
        text.mask(real if anew else _least(text, _share(lengths, step, passes), real, judge))
        text.fill(predict, text.masked())


def _share(lengths: Tensor, index: int, passes: int) -> Tensor:
    # in double precision, as Python's floor would have it: 5 * (1 - 3 / 5) must not become 1.99
    return (lengths.double() * (1.0 - index / passes)).floor().long().clamp_min(1)


def _least(text: Draft, count: Tensor, real: Tensor, judge: Judge | None) -> Tensor:
    """The `count` [R] positions whose words are least likely."""
    chance = text.chance if judge is None else text.chance * judge(text.tokens)
    order = chance.masked_fill(~real, torch.inf).argsort(dim=1, stable=True)
    ranks = torch.arange(order.shape[1], device=order.device) < count[:, None]
    return torch.zeros_like(real).scatter(1, order, ranks) & real
