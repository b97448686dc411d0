"""The joint loss, the price of attention, and the number of frames, against the formulas word by word."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from vidcap_srvc_la.losses import BranchLoss, EffectiveFrames, FrameMass, entropy

from vidcap_core.api import ConfigError, UserError

Make = Callable[..., Any]


def test_joint_is_the_mean_of_the_branches_over_words(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(), make_batch(4)
    loss = BranchLoss()
    total, weight = loss(head(batch.streams, batch, loss.reads), batch)
    assert weight == int(batch.token_mask[:, 1:].sum())
    output = head(batch.streams, batch, frozenset({"branches"}))
    expected, place = 0.0, 0
    for row in range(4):
        for position in range(int(batch.token_mask[row].sum()) - 1):
            word = int(batch.tokens[row, position + 1])
            for name in ("visual", "language"):
                expected -= 0.5 * output[name].value[place].log_softmax(-1)[word].item()
            place += 1
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_fused_is_the_likelihood_of_what_decoding_sees(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(), make_batch(4)
    loss = BranchLoss(loss_mode="fused_nll")
    assert loss.reads == {"tokens"}
    output = head(batch.streams, batch, loss.reads)
    total, weight = loss(output, batch)
    logs = output.logits.log_softmax(-1).gather(-1, batch.tokens[:, 1:, None]).squeeze(-1)
    assert float(total) == pytest.approx(-float(logs[batch.token_mask[:, 1:]].sum()), rel=1e-5)
    assert float(total / weight) < float(
        BranchLoss()(head(batch.streams, batch, BranchLoss().reads), batch)[0] / weight
    )


@pytest.mark.parametrize(
    "changes", [{"branches": "visual"}, {"branches": "language"}, {"fusion": "concat_hidden"}]
)
def test_one_classifier_has_one_cross_entropy(
    changes: dict[str, Any], make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(**changes), make_batch(4)
    joint, fused = (
        loss(head(batch.streams, batch, loss.reads), batch)[0]
        for loss in (BranchLoss(), BranchLoss(loss_mode="fused_nll"))
    )
    torch.testing.assert_close(joint, fused)


@pytest.mark.parametrize("concat", ["channel", "seq", "none"])
def test_the_price_of_attention(concat: str, make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(vrc_concat=concat), make_batch(4)
    plain, priced = BranchLoss(), BranchLoss(sparse_loss_weight=0.3)
    output = head(batch.streams, batch, priced.reads)
    difference = priced(output, batch)[0] - plain(output, batch)[0]
    weights, expected = output["attention"].value, 0.0
    assert weights.shape[-1] == 7
    for row in range(4):
        frames = int(batch.streams["image"].mask[row].sum())
        for position in range(int(batch.token_mask[row].sum()) - 1):
            for branch in range(2):
                share = weights[row, position, branch, :frames]
                share = share / share.sum()
                expected += 0.5 * 0.3 * float(-(share * share.log()).sum()) / math.log(frames)
    assert float(difference) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("norm", ["softmax", "sparsemax"])
def test_a_price_makes_attention_peak(norm: str, make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(attn_norm=norm, vrc_concat="none"), make_batch(6)
    price, watch = BranchLoss(sparse_loss_weight=3.0), EffectiveFrames()
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    seen = []
    for _ in range(40):
        output = head(batch.streams, batch, price.reads | watch.reads)
        total, weight = price(output, batch)
        frames, words = watch(output, batch)
        assert not frames.requires_grad
        seen.append(float(frames / words))
        optimizer.zero_grad()
        (total / weight).backward()
        assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)
        optimizer.step()
    assert 1 <= seen[-1] < 0.6 * seen[0]


def test_effective_frames_of_a_mean_are_all_frames(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(use_la=False), make_batch(1)
    watch = EffectiveFrames()
    frames, words = watch(head(batch.streams, batch, watch.reads), batch)
    assert float(frames / words) == pytest.approx(7, rel=1e-5)


def test_entropy_at_the_corners() -> None:
    weights = torch.tensor([[1.0, 0.0], [0.25, 0.25], [0.0, 0.0]], requires_grad=True)
    value = entropy(weights)
    torch.testing.assert_close(value, torch.tensor([0.0, math.log(2), 0.0]), atol=1e-6, rtol=0)
    value.sum().backward()
    assert torch.isfinite(weights.grad).all()


@pytest.mark.parametrize("branches", ["both", "language"])
def test_mass_on_frames(branches: str, make_head: Make, make_batch: Make) -> None:
    watch, batch = FrameMass(), make_batch(4)
    for concat in ("channel", "none"):
        mass, words = watch(make_head(vrc_concat=concat)(batch.streams, batch, watch.reads), batch)
        assert float(mass / words) == pytest.approx(1, rel=1e-5)
    output = make_head(vrc_concat="seq", branches=branches)(batch.streams, batch, watch.reads)
    mass, words = watch(output, batch)
    assert not mass.requires_grad
    weights, counts = output["attention"].value, []
    for row in range(4):
        for position in range(int(batch.token_mask[row].sum()) - 1):
            counts.append(float(weights[row, position].sum(-1).mean()))
    assert words == len(counts)
    assert float(mass) == pytest.approx(sum(counts), rel=1e-5)
    assert 0.1 < float(mass / words) < 0.9


def test_nobody_looks_at_the_video(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(branches="language", lang_la_source="caption"), make_batch(2)
    with pytest.raises(UserError, match="no branch looks at the video") as error:
        head(batch.streams, batch, EffectiveFrames().reads)
    assert "effective_frames or frame_mass in phases.caption.losses" in str(error.value)
    assert error.value.hint.startswith("--set phases.caption.losses=\"['words']\"")
    loss = BranchLoss()
    loss(head(batch.streams, batch, loss.reads), batch)  # what the hint leaves works


def test_a_price_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="sparse_loss_weight must be at least 0, not -1"):
        BranchLoss(sparse_loss_weight=-1)
