"""The contrastive loss as this method's configs ask for it, against the formula written out."""

from __future__ import annotations

import math

import pytest
import torch

from vidcap_core.api import Batch, Clip, Named, Output, component_of
from vidcap_core.config.files import load_config

InfoNCE = component_of("losses", {"type": "InfoNCE"}).target
VIDEO = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]
TEXT = [[0.8, 0.6], [0.0, 1.0], [-0.6, 0.8]]


def by_hand(rows, columns, same):
    """-1/n sum_i log( exp(v_i t_i / g) / sum_j exp(v_i t_j / g) ), j over all that are no caption of the same clip."""
    total = 0.0
    for i, v in enumerate(rows):
        scores = [math.exp(sum(a * b for a, b in zip(v, t, strict=True)) / 0.07) for t in columns]
        total -= math.log(scores[i] / sum(s for j, s in enumerate(scores) if j == i or (i, j) not in same))
    return total / len(rows)


def ours(ids, **changes):
    spec = dict(load_config("mffcl/msvd")["losses"]["contrastive"])
    loss = InfoNCE(**{k: v for k, v in spec.items() if k != "type"} | changes)
    output = Output(video=Named(torch.tensor(VIDEO)), text=Named(torch.tensor(TEXT)))
    total, weight = loss(output, Batch(clips=tuple(Clip(i) for i in ids)))
    assert weight == 3
    return float(total / weight)


@pytest.mark.parametrize(
    ("ids", "same"), [("abc", set()), ("aba", {(0, 2), (2, 0)}), ("aab", {(0, 1), (1, 0)})]
)
def test_it_is_the_papers_formula_and_captions_of_one_clip_are_no_negatives(ids, same):
    one_way = by_hand(VIDEO, TEXT, same)
    assert ours(ids, symmetric=False) == pytest.approx(one_way, rel=1e-5)
    assert ours(ids) == pytest.approx((one_way + by_hand(TEXT, VIDEO, same)) / 2, rel=1e-5)


def test_masking_changes_the_loss_and_can_be_left_out():
    assert ours("aba", mask_same_clip=False) == pytest.approx(ours("abc"))
    assert ours("aba") != pytest.approx(ours("abc"), abs=1e-3)


def test_vectors_are_scaled_to_length_one_unless_told_otherwise():
    assert ours("abc") == pytest.approx(ours("abc", normalize=False))  # these have length one
    long = InfoNCE(), InfoNCE(normalize=False)
    output = Output(video=Named(3 * torch.tensor(VIDEO)), text=Named(torch.tensor(TEXT)))
    scaled, raw = (float(loss(output, Batch(clips=(Clip("a"), Clip("b"), Clip("c"))))[0]) for loss in long)
    assert scaled / 3 == pytest.approx(ours("abc"))
    assert raw != pytest.approx(scaled, rel=0.1)
