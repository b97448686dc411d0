"""Soft spans of time: a centre and a width in [0, 1] become one weight a frame, and an interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vidcap_core.api import Clip, UserError

Shape = Literal["gaussian", "cauchy", "hard"]
SHAPES: tuple[Shape, ...] = ("gaussian", "cauchy", "hard")
HALF = 0.5
"""A frame of a hard mask counts from this weight on; its gradient is that of the Gaussian."""


@dataclass(frozen=True)
class Spans:
    """Centres and widths [B, N], and which of them are real."""

    centre: Tensor
    width: Tensor
    real: Tensor


def no_spans(frames: Tensor) -> Spans:
    """No event in any clip of [B, T, D]."""
    nothing = frames[:, :0, 0]
    return Spans(nothing, nothing, nothing.bool())


def moments(frames: int, like: Tensor) -> Tensor:
    """t_j = j / (T - 1): frames from the first moment to the last; one frame stands in the middle."""
    if frames == 1:
        return torch.full((1,), HALF, dtype=like.dtype, device=like.device)
    return torch.linspace(0, 1, frames, dtype=like.dtype, device=like.device)


def mask(spans: Spans, frames: int, tau: float = 2.0, shape: Shape = "gaussian") -> Tensor:
    """M_k(t) [B, N, T]; the complement is 1 - M_k(t).

    gaussian: exp(-(t - c)^2 / (2 (w / tau)^2)). cauchy: 1 / (1 + ((t - c) / (w / tau))^2), its largest value
    made 1. hard: 1 inside [c - w/2, c + w/2], else 0, with the Gaussian's gradient.
    """
    centre, width = spans.centre[..., None], spans.width[..., None]
    far = (moments(frames, spans.centre) - centre) ** 2
    scale = (width / tau) ** 2
    scale = scale.clamp_min(torch.finfo(scale.dtype).tiny)  # a width that underflows must not give 0 / 0
    if shape == "cauchy":
        weights = 1 / (1 + far / scale)
        return weights / weights.amax(-1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)
    soft = torch.exp(-far / (2 * scale))
    if shape == "gaussian":
        return soft
    inside = ((moments(frames, spans.centre) - centre).abs() <= width / 2).to(soft.dtype)
    return inside + soft - soft.detach()


def interval(spans: Spans) -> tuple[Tensor, Tensor]:
    """Start and end as parts of the clip: c -+ w/2, cut off at 0 and 1."""
    return (spans.centre - spans.width / 2).clamp(0, 1), (spans.centre + spans.width / 2).clamp(0, 1)


def ordered(spans: Spans) -> Spans:
    """The same spans by their centre, those that are not real at the end: the k-th is the k-th sentence's."""
    key = spans.centre.masked_fill(~spans.real, torch.inf)
    order = key.argsort(dim=1, stable=True)
    return Spans(spans.centre.gather(1, order), spans.width.gather(1, order), spans.real.gather(1, order))


def seconds(spans: Spans, clips: Sequence[Clip]) -> Iterator[tuple[float, float]]:
    """Start and end of each real span, in seconds to two digits; `clips` says whose each is."""
    starts, ends = (part[spans.real].tolist() for part in interval(spans))
    for start, end, clip in zip(starts, ends, clips, strict=True):
        first, last = clip.span
        if clip.end is None and clip.duration is None:
            raise UserError(
                f"clip '{clip.id}' has no known duration, so its events cannot be placed in seconds"
            )
        yield round(first + start * (last - first), 2), round(first + end * (last - first), 2)
