"""Sparsemax and 1.5-entmax against a solver that knows only what they maximise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from vidcap_srvc_la.sparse import NORMS, entmax15, sparsemax


@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0, 50.0])
@pytest.mark.parametrize(("norm", "power", "scale"), [(sparsemax, 1, 1.0), (entmax15, 2, 0.5)])
def test_weights_are_those_of_the_solver(
    norm: object, power: float, scale: float, spread: float, solve: Callable[..., Tensor]
) -> None:
    scores = torch.randn(200, 30, generator=torch.Generator().manual_seed(1)) * spread
    weights = norm(scores, torch.ones_like(scores, dtype=torch.bool))  # type: ignore[operator]
    torch.testing.assert_close(weights.double(), solve(scores, power, scale), atol=2e-5, rtol=0)
    if spread == 50:
        assert (weights == 0).float().mean() > 0.9


@pytest.mark.parametrize("norm", [sparsemax, entmax15])
def test_nothing_on_the_simplex_does_better(norm: object) -> None:
    """p.z + H(p) is largest at the weights: random points of the simplex and its corners all fall below."""
    chance = torch.Generator().manual_seed(3)
    scores = torch.randn(6, generator=chance, dtype=torch.float64)
    weights = norm(scores[None], torch.ones(1, 6, dtype=torch.bool))[0]  # type: ignore[operator]

    def value(p: Tensor) -> Tensor:
        price = p.square().sum(-1) / 2 if norm is sparsemax else (4 / 3) * (p.pow(1.5) - p).sum(-1)
        return p @ scores - price

    others = -torch.rand(20_000, 6, generator=chance, dtype=torch.float64).log()
    others = torch.cat([others / others.sum(-1, keepdim=True), torch.eye(6, dtype=torch.float64)])
    near = weights + 0.01 * (others - weights)
    assert value(torch.cat([others, near])).max() <= value(weights) + 1e-12


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_gradients(norm: object) -> None:
    scores = torch.randn(5, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    mask = torch.ones_like(scores, dtype=torch.bool)
    mask[1, 3:] = False
    mask[2, 1:] = False
    assert torch.autograd.gradcheck(lambda z: norm(z, mask), scores.requires_grad_())  # type: ignore[operator]


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_masks_shifts_and_ties(norm: object, dtype: torch.dtype) -> None:
    scores = torch.tensor([[3.0, 1.0, 99.0, 2.5], [0.0, 0.0, 0.0, 0.0]], dtype=dtype)
    mask = torch.tensor([[True, True, False, True], [True, True, True, False]])
    weights = norm(scores, mask).float()  # type: ignore[operator]
    assert torch.equal(weights[~mask], torch.zeros(2))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2), atol=1e-2, rtol=0)
    torch.testing.assert_close(weights[1, :3], torch.full((3,), 1 / 3), atol=1e-2, rtol=0)
    torch.testing.assert_close(norm(scores + 64, mask).float(), weights, atol=2e-2, rtol=0)  # type: ignore[operator]
