"""One update of the weights, with losses divided by their weight over all processes and accumulated batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vidcap_core.contracts.types import Batch
from vidcap_core.engine.mm import OptimWrapper, sum_over_processes, world_size
from vidcap_core.engine.optimizers import no_sync
from vidcap_core.errors import UserError


class Diverged(UserError):
    """A loss that is not finite."""


def update(
    model: torch.nn.Module,
    wrapper: OptimWrapper,
    batches: Sequence[Batch],
    losses: Sequence[str],
    scales: Mapping[str, float],
) -> dict[str, float]:
    """Forward, backward, step; returns each loss as a mean over everything that counted.

    L = sum_i scale_i * (sum over processes and batches of sum_i) / (the same sum of weight_i). With several
    batches the weights are needed before the first backward pass, so a pass without gradients counts them.
    """
    weights = _count(model, wrapper, batches, losses) if len(batches) > 1 else None
    world = world_size()
    totals: dict[str, Tensor] = {}
    for index, batch in enumerate(batches):
        with no_sync(model, last=index == len(batches) - 1):
            with wrapper.optim_context(model):
                parts = model(batch, losses)
            if weights is None:
                weights = sum_over_processes(torch.stack([parts[name][1] for name in losses]))
            objective = torch.zeros((), device=weights.device)
            for name, weight in zip(losses, weights, strict=True):
                # DDP averages gradients over processes, hence the factor
                share = parts[name][0].float() * world / weight.clamp_min(1e-12)
                objective = objective + scales[name] * share
                totals[name] = (
                    totals.get(name, torch.zeros((), device=weights.device)) + share.detach() / world
                )
            if not torch.isfinite(objective):
                raise Diverged(
                    _story(parts, losses, batch), hint="a lower optimizer.lr, or runtime.clip_grad=1.0"
                )
            wrapper.backward(objective)
    wrapper.step()
    wrapper.zero_grad()
    values = sum_over_processes(torch.stack([totals[name] for name in losses]))
    return dict(zip(losses, values.tolist(), strict=True))


def _count(
    model: torch.nn.Module, wrapper: OptimWrapper, batches: Sequence[Batch], losses: Sequence[str]
) -> Tensor:
    """The weights of several batches, without gradients and without moving the random state."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    weights: list[Tensor] = []
    with torch.random.fork_rng(devices), torch.no_grad(), wrapper.optim_context(model):
        bare = getattr(model, "module", model)
        for batch in batches:
            parts = bare(batch, losses)
            weights.append(torch.stack([parts[name][1] for name in losses]))
    return sum_over_processes(torch.stack(weights).sum(0))


def _story(parts: Mapping[str, tuple[Tensor, Tensor]], losses: Sequence[str], batch: Batch) -> str:
    bad = [name for name in losses if not bool(torch.isfinite(parts[name][0]))] or list(losses)
    clips = ", ".join(dict.fromkeys(clip.id for clip in batch.clips))
    return (
        f"the loss '{', '.join(bad)}' is not finite for the clips {clips}; the last good checkpoint is kept"
    )
