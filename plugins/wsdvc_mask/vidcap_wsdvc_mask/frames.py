"""A clip's streams as T rows side by side, and what can be said of them under masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vidcap_core.api import Clip, Named, Stream, UserError, read_streams


def side_by_side(
    streams: Mapping[str, Stream], widths: Mapping[str, int], frames: int, clips: Sequence[Clip] = ()
) -> Tensor:
    """[B, T, D]: every stream at T moments; a clip of which a stream has nothing is refused."""
    present = read_streams(streams, widths, "MaskHead")
    there = torch.stack([stream.mask.any(1) for stream in present.values()]).tolist()  # the host waits once
    for name, rows in zip(present, there, strict=True):
        if empty := [row for row, real in enumerate(rows) if not real]:
            which = ", ".join(clips[row].id for row in empty) if clips else f"row {empty[0]}"
            raise UserError(
                f"MaskHead reads the stream '{name}', of which there is nothing for {which}",
                hint="leave the clip out, or head.streams without that stream",
            )
    return torch.cat([resampled(stream.values, stream.mask, frames) for stream in present.values()], -1)


def under_masks(
    rows: Tensor, masks: Tensor, real: Tensor, counts: Sequence[int], given: Sequence[Tensor] | None
) -> Named:
    """Mean of the raw rows under each mask [B, N, D], and each sentence's own vector, as MaskSimilarity reads.

    counts: the real masks of each clip.
    """
    if given is None:
        raise UserError(
            "a loss compares masked frames with sentences, and this batch has no target 'sentence_features'",
            hint="data.train.transforms with dict(type='wsdvc_mask.SentenceFeatures', folder=...)",
        )
    vectors = torch.zeros((*real.shape, rows.shape[-1]), dtype=masks.dtype)
    for clip, features in enumerate(given):
        sentences = torch.as_tensor(features, dtype=masks.dtype)[: counts[clip]].to("cpu")
        if sentences.shape[-1] != rows.shape[-1]:
            raise UserError(
                f"sentence features are {sentences.shape[-1]} wide, the frames {rows.shape[-1]}: "
                "they cannot be compared"
            )
        vectors[clip, : len(sentences)] = sentences
    vectors = vectors.to(masks.device, non_blocking=True)
    return Named(masks @ rows.to(masks.dtype) / masks.sum(-1, keepdim=True), vectors, real)


def resampled(values: Tensor, mask: Tensor, frames: int) -> Tensor:
    """Each clip's real rows [B, T, D] as `frames` rows: picked evenly from more, interpolated from fewer.

    Row j lies at j (count - 1) / (frames - 1), in whole numbers: what a float makes of it may fall below a row.
    """
    count = mask.sum(1, keepdim=True)
    last = (count - 1).clamp_min(0)
    steps = torch.arange(frames, device=mask.device) * last
    low = steps // max(1, frames - 1)
    share = (steps - low * (frames - 1)).to(values.dtype) / max(1, frames - 1)
    share = torch.where(count > frames, 0, share)[..., None]
    order = (~mask).to(torch.int8).sort(dim=1, stable=True).indices  # real rows first, in their order

    def picked(rows: Tensor) -> Tensor:
        index = order.gather(1, rows.minimum(last))[..., None]
        return values.gather(1, index.expand(-1, -1, values.shape[2]))

    return torch.lerp(picked(low), picked(low + 1), share)
