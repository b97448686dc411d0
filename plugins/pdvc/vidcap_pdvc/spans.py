"""Events as (centre, length), both shares of their clip."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vidcap_core.api import Clip, Event, UserError

EDGE = 1e-5
"""The authors' number, both where a logit is cut and in the denominators of overlaps."""


def logit(share: Tensor) -> Tensor:
    """log(p / (1 - p)), cut near 0 and 1."""
    share = share.clamp(0, 1)
    return (share.clamp_min(EDGE) / (1 - share).clamp_min(EDGE)).log()


def overlaps(first: Tensor, second: Tensor) -> Tensor:
    """GIoU = I / U - (H - U) / H of spans (centre, length) [..., 2], with I, U and their hull H in time."""
    (start, end), (other_start, other_end) = _ends(first), _ends(second)
    shared = (torch.minimum(end, other_end) - torch.maximum(start, other_start)).clamp_min(0)
    union = (end - start) + (other_end - other_start) - shared
    hull = (torch.maximum(end, other_end) - torch.minimum(start, other_start)).clamp_min(0)
    return shared / (union + EDGE) - (hull - union) / (hull + EDGE)


def as_shares(event: Event, clip: Clip) -> tuple[float, float]:
    """Centre and length of an event, as shares of its clip."""
    start, length = clip.span[0], max(seconds(clip), EDGE)
    return ((event.start + event.end) / 2 - start) / length, (event.end - event.start) / length


def in_seconds(span: Sequence[float], clip: Clip) -> tuple[float, float]:
    """Start and end in seconds of the file, cut at the clip's ends."""
    (first, _), length, (centre, width) = clip.span, seconds(clip), span
    start, end = (min(max(edge, 0.0), 1.0) for edge in (centre - width / 2, centre + width / 2))
    return first + start * length, first + end * length


def seconds(clip: Clip) -> float:
    """How long a clip is, which has to be known."""
    if clip.end is None and clip.duration is None:
        raise UserError(f"clip '{clip.id}' has no known duration, so its events cannot be placed in seconds")
    return clip.span[1] - clip.span[0]


def _ends(span: Tensor) -> tuple[Tensor, Tensor]:
    centre, length = span.unbind(-1)
    return centre - length / 2, centre + length / 2
