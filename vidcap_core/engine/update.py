"""One update of the weights, with losses divided by their weight over all processes and accumulated batches.

Nothing here waits for a device: what the losses were stays there until somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from vidcap_core.contracts.types import Batch
from vidcap_core.engine.mm import OptimWrapper, sum_over_processes, world_size
from vidcap_core.engine.optimizers import no_sync
from vidcap_core.errors import UserError


class Diverged(UserError):
    """A loss that is not finite."""


@dataclass(frozen=True)
class Losses:
    """The losses of one update, on their device."""

    names: tuple[str, ...]
    clips: tuple[tuple[str, ...], ...]  # of each batch of this process
    own: Tensor  # [batches, names], this process's share of each mean
    total: Tensor  # [names], the means over everything that counted

    def values(self) -> dict[str, Tensor]:
        """By name."""
        return dict(zip(self.names, self.total.unbind(), strict=True))


def read(updates: Sequence[Losses]) -> list[dict[str, float]]:
    """The losses of several updates as numbers: the host waits once for all of them. One not finite ends the run."""
    if not updates:
        return []
    numbers = iter(torch.cat([part.flatten() for u in updates for part in (u.own, u.total)]).tolist())
    found = []
    for losses in updates:
        own = [[next(numbers) for _ in losses.names] for _ in losses.clips]
        total = {name: next(numbers) for name in losses.names}
        for clips, row in zip(losses.clips, own, strict=True):
            if bad := [name for name, value in zip(losses.names, row, strict=True) if not isfinite(value)]:
                raise _diverged(bad, f"for the clips {', '.join(dict.fromkeys(clips))}")
        if bad := [name for name, value in total.items() if not isfinite(value)]:
            raise _diverged(bad, "on another process")
        found.append(total)
    return found


def update(
    model: torch.nn.Module,
    wrapper: OptimWrapper,
    batches: Sequence[Batch],
    losses: Sequence[str],
    scales: Mapping[str, float],
) -> Losses:
    """Forward, backward, step; gives each loss as a mean over everything that counted.

    L = sum_i scale_i * (sum over processes and batches of sum_i) / (the same sum of weight_i). With several
    batches the weights are needed before the first backward pass, so a pass without gradients counts them.
    """
    weights = _count(model, wrapper, batches, losses) if len(batches) > 1 else None
    world = world_size()
    shares: list[Tensor] = []
    for index, batch in enumerate(batches):
        with no_sync(model, last=index == len(batches) - 1):
            with wrapper.optim_context(model):
                parts = model(batch, losses)
            if weights is None:
                weights = sum_over_processes(torch.stack([parts[name][1] for name in losses]))
            objective = torch.zeros((), device=weights.device)
            own = []
            for name, weight in zip(losses, weights.unbind(), strict=True):
                # DDP averages gradients over processes, hence the factor
                share = parts[name][0].float() * world / weight.clamp_min(1e-12)
                objective = objective + scales[name] * share
                own.append(share.detach() / world)
            shares.append(torch.stack(own))
            wrapper.backward(objective)
    wrapper.step()
    wrapper.zero_grad()
    rows = torch.stack(shares)
    clips = tuple(tuple(clip.id for clip in batch.clips) for batch in batches)
    return Losses(tuple(losses), clips, rows, sum_over_processes(rows.sum(0)))


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


def _diverged(names: Sequence[str], where: str) -> Diverged:
    return Diverged(
        f"the loss '{', '.join(names)}' is not finite {where}; the last good checkpoint is kept",
        hint="a lower optimizer.lr, or runtime.clip_grad=1.0",
    )
