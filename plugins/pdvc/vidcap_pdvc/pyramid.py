"""From rows of features to a pyramid of them, and where in time each of its rows stands."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from vidcap_pdvc.deformable import Pyramid

GROUPS = 32
RATE = 10000.0


class PyramidMaker(nn.Module):
    """Level 0 is a Linear of the rows, level 1 a convolution of every second one, each further level one of the last.

    Group norms run over padded rows too, as the authors' do.
    """

    def __init__(self, given: int, width: int, levels: int) -> None:
        super().__init__()
        convolutions = [nn.Conv1d(given, width, 1)]
        convolutions += [
            nn.Conv1d(given if level == 0 else width, width, 3, 2, 1) for level in range(levels - 1)
        ]
        self.levels = nn.ModuleList(
            nn.Sequential(convolution, nn.GroupNorm(GROUPS, width)) for convolution in convolutions
        )
        self.duration = nn.Linear(width // 2, width // 2)
        self.level = nn.Parameter(torch.randn(levels, width))
        for convolution in convolutions:
            nn.init.xavier_uniform_(convolution.weight)

    def forward(self, rows: Tensor, real: Tensor, seconds: Tensor) -> tuple[Pyramid, Tensor]:
        """Of rows [B, T, given], which are real, and clips of so many seconds: the pyramid, and its positions."""
        values: list[Tensor] = []
        below = given = rows.transpose(1, 2)
        for number, level in enumerate(self.levels):
            below = level(given if number < 2 else below)
            values.append(below.transpose(1, 2))
        masks = [interpolate(real[:, None].float(), size=level.shape[1])[:, 0].bool() for level in values]
        lasts = self.duration(thermometer(seconds, self.duration.in_features))
        places = [
            torch.cat([turns(mask, lasts.shape[-1]), lasts[:, None].expand(-1, mask.shape[1], -1)], -1) + own
            for mask, own in zip(masks, self.level, strict=True)
        ]
        shares = torch.stack([mask.float().mean(1) for mask in masks], 1)
        lengths = tuple(mask.shape[1] for mask in masks)
        return Pyramid(torch.cat(values, 1), torch.cat(masks, 1), lengths, shares), torch.cat(places, 1)


def turns(real: Tensor, width: int) -> Tensor:
    """Sines and cosines [B, T, width] of where each row stands among the real ones, once around for all of them."""
    count = real.float().cumsum(1)
    angle = (count - 0.5) / (count[:, -1:] + 1e-6) * (2 * math.pi)
    pair = torch.arange(0, width, 2, device=real.device).float() / width
    angles = angle[..., None] / RATE**pair
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(2)


def thermometer(seconds: Tensor, width: int) -> Tensor:
    """1 for each whole second that a clip lasts, up to `width`: [B, width]."""
    return (torch.arange(width, device=seconds.device) < seconds.floor()[:, None]).float()


def nearest(frames: int, count: Tensor) -> Tensor:
    """Which of the first `count` [B, 1] rows each of `frames` is: the nearest to j (count - 1) / (frames - 1).

    In whole numbers, and down where it lies in the middle.
    """
    steps, parts = torch.arange(frames, device=count.device) * (count - 1).clamp_min(0), max(1, frames - 1)
    return (2 * steps + parts - 1) // (2 * parts)
