"""Masks, intervals, order and the losses on masks against their formulas, in float64, with their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from vidcap_wsdvc_mask.frames import resampled
from vidcap_wsdvc_mask.losses import MaskCoverage, MaskDiversity, MaskSimilarity, MaskStatistic, RowTokenLoss
from vidcap_wsdvc_mask.masks import Spans, interval, mask, moments, ordered

from vidcap_core.api import Batch, Named, Output, component_of

TokenLoss = component_of("losses", {"type": "TokenLoss"}).target
NOTHING = Batch(clips=())


def spans(*pairs: tuple[float, float], dtype: torch.dtype = torch.float64) -> Spans:
    both = torch.tensor([pairs], dtype=dtype)
    return Spans(both[..., 0], both[..., 1], torch.ones(1, len(pairs), dtype=torch.bool))


def test_gaussian_is_its_formula() -> None:
    given = [(0.2, 0.1), (0.5, 0.6), (1.0, 0.33)]
    found = mask(spans(*given), 32, tau=2.0)[0]
    wanted = [[math.exp(-((j / 31 - c) ** 2) / (2 * (w / 2) ** 2)) for j in range(32)] for c, w in given]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64), rtol=1e-12, atol=1e-15)


def test_at_its_interval_a_gaussian_has_fallen_to_one_standard_deviation() -> None:
    found = mask(spans((0.5, 0.5)), 5)[0, 0]  # moments 0.25 and 0.75 are c -+ w/2
    assert found[1].item() == pytest.approx(math.exp(-0.5), abs=1e-15)
    assert found[2].item() == 1.0


def test_cauchy_has_1_as_its_largest_value() -> None:
    c, w = 0.4, 0.3
    raw = np.array([1 / (1 + ((j / 9 - c) / (w / 2)) ** 2) for j in range(10)])
    found = mask(spans((c, w)), 10, shape="cauchy")[0, 0]
    np.testing.assert_allclose(found.numpy(), raw / raw.max(), rtol=1e-13)
    assert found.max().item() == 1.0


def test_hard_is_0_and_1_and_still_learns() -> None:
    given = spans((0.5, 0.4))
    given.centre.requires_grad_(True)
    found = mask(given, 11, shape="hard")[0, 0]
    assert [round(v, 12) for v in found.tolist()] == [0.0] * 3 + [1.0] * 5 + [0.0] * 3
    found[2].backward()
    assert given.centre.grad is not None
    assert given.centre.grad.item() < 0  # an earlier centre would let the earlier frame in


@pytest.mark.parametrize("shape", ["gaussian", "cauchy"])
def test_masks_and_complements_share_every_frame(shape: str) -> None:
    random = torch.Generator().manual_seed(0)
    both = torch.rand(50, 4, 2, generator=random, dtype=torch.float64).clamp(0.05, 1)
    found = mask(Spans(both[..., 0], both[..., 1], torch.ones(50, 4, dtype=torch.bool)), 32, shape=shape)  # type: ignore[arg-type]
    assert bool(((found > 0) & (found <= 1)).all())
    torch.testing.assert_close(found + (1 - found), torch.ones_like(found), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_width_that_underflows_gives_numbers(dtype: torch.dtype) -> None:
    given = spans((0.5, 1e-7), dtype=dtype)
    given.width.requires_grad_(True)
    found = mask(given, 33)
    assert bool(torch.isfinite(found).all())
    assert found[0, 0, 16].item() == 1.0
    found.sum().backward()
    assert given.width.grad is not None
    assert bool(torch.isfinite(given.width.grad).all())


def test_intervals_are_cut_at_the_ends_of_the_clip() -> None:
    start, end = interval(spans((0.1, 0.4), (0.5, 0.5), (0.95, 0.3)))
    np.testing.assert_allclose(start[0].numpy(), [0.0, 0.25, 0.8], atol=1e-15)
    np.testing.assert_allclose(end[0].numpy(), [0.3, 0.75, 1.0], atol=1e-15)


def test_order_keeps_pairs_together_and_padding_last() -> None:
    found = ordered(
        Spans(
            torch.tensor([[0.7, 0.2, 0.4, 0.1]]),
            torch.tensor([[0.3, 0.9, 0.5, 0.6]]),
            torch.tensor([[True, True, True, False]]),
        )
    )
    assert found.centre[0].tolist() == pytest.approx([0.2, 0.4, 0.7, 0.1])
    assert found.width[0].tolist() == pytest.approx([0.9, 0.5, 0.3, 0.6])
    assert found.real[0].tolist() == [True, True, True, False]


def test_one_frame_stands_in_the_middle() -> None:
    assert moments(1, torch.zeros(1)).tolist() == [0.5]


def diversity(masks: torch.Tensor, real: torch.Tensor, gamma: float = 0.8) -> tuple[float, float]:
    total, weight = MaskDiversity(gamma=gamma)(Output(masks=Named(masks, mask=real)), NOTHING)
    return float(total), float(weight)


def test_diversity_is_its_formula_and_leaves_lone_events_out() -> None:
    random = np.random.default_rng(0)
    masks = random.random((3, 4, 6))
    counts = [4, 1, 3]
    wanted = 0.0
    for one, n in zip(masks, counts, strict=True):
        found = [
            max(0.0, float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) - 0.7)
            for i, a in enumerate(one[:n])
            for j, b in enumerate(one[:n])
            if i != j
        ]
        wanted += float(np.mean(found)) if found else 0.0
    real = torch.arange(4) < torch.tensor(counts)[:, None]
    total, weight = diversity(torch.from_numpy(masks), real, 0.7)
    assert total == pytest.approx(wanted, rel=1e-12)
    assert wanted > 0
    assert weight == 2


def test_diversity_of_nothing_but_lone_events_is_0_with_a_gradient() -> None:
    masks = torch.rand(2, 1, 5, requires_grad=True)
    total, weight = MaskDiversity()(
        Output(masks=Named(masks, mask=torch.ones(2, 1, dtype=torch.bool))), NOTHING
    )
    total.backward()
    assert (float(total), float(weight)) == (0.0, 0.0)
    assert masks.grad is not None
    assert bool(torch.isfinite(masks.grad).all())


def test_coverage_and_similarity_by_hand() -> None:
    masks = torch.tensor([[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]])
    real = torch.ones(1, 2, dtype=torch.bool)
    total, weight = MaskCoverage(least=0.8)(Output(masks=Named(masks, mask=real)), NOTHING)
    assert (float(total), float(weight)) == (pytest.approx(0.3), 1.0)
    inside = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    told = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])  # the second mask shows what the first sentence says
    total, weight = MaskSimilarity(margin=0.1)(Output(inside=Named(inside, told, real)), NOTHING)
    assert (float(total), float(weight)) == (pytest.approx(0.1), 1.0)  # 0.1 - 1 + 1 and 0.1 - 0 + 0, over two


def test_statistics_by_hand() -> None:
    masks = torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])
    where = torch.tensor([[[0.5, 0.4], [0.9, 0.4]]])
    both = torch.ones(1, 2, dtype=torch.bool)
    output = Output(masks=Named(masks, mask=both), spans=Named(where, mask=both))
    found = {}
    for of in ("width", "overlap", "entropy", "clamped"):
        total, weight = MaskStatistic(of=of)(output, NOTHING)  # type: ignore[arg-type]
        found[of] = float(total / weight)
    assert found == pytest.approx({"width": 0.4, "overlap": 2**-0.5, "entropy": 0.5, "clamped": 0.5})


def test_token_and_row_losses_are_their_formulas() -> None:
    random = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 5, generator=random, dtype=torch.float64)
    target, rows = torch.tensor([0, 1, 2, 3, 4, 0]), torch.tensor([1, 1, 1, 1, 0, 0])
    price = [
        -math.log(math.exp(r[t]) / sum(map(math.exp, r)))
        for r, t in zip(logits.tolist(), target, strict=True)
    ]
    output = Output(full=Named(logits, target), full_rows=Named(rows))
    total, weight = TokenLoss(output="full")(output, NOTHING)
    assert float(total / weight) == pytest.approx(sum(price) / 6, rel=1e-6)
    total, weight = RowTokenLoss(output="full")(output, NOTHING)
    assert float(total / weight) == pytest.approx((sum(price[:4]) / 4 + sum(price[4:]) / 2) / 2, rel=1e-6)


def test_rows_are_picked_from_many_and_interpolated_between_few() -> None:
    given = torch.arange(10.0)[:, None].expand(2, 10, 1)
    real = torch.tensor([[True] * 10, [True] * 3 + [False] * 7])
    found = resampled(given, real, 5)[..., 0]
    assert found[0].tolist() == [0.0, 2.0, 4.0, 6.0, 9.0]  # floor(0, 2.25, 4.5, 6.75, 9)
    assert found[1].tolist() == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    assert resampled(given, real[:1].expand(2, 10), 10).equal(given)
