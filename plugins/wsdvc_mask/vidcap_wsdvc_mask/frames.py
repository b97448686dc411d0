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
    for name, stream in present.items():
        empty = (~stream.mask.any(1)).nonzero().flatten().tolist()
        if empty:
            which = ", ".join(clips[row].id for row in empty) if clips else f"row {empty[0]}"
            raise UserError(
                f"MaskHead reads the stream '{name}', of which there is nothing for {which}",
                hint="leave the clip out, or head.streams without that stream",
            )
    return torch.cat([resampled(stream.values, stream.mask, frames) for stream in present.values()], -1)


def under_masks(rows: Tensor, masks: Tensor, real: Tensor, given: Sequence[Tensor] | None) -> Named:
    """Mean of the raw rows under each mask [B, N, D], and each sentence's own vector, as MaskSimilarity reads."""
    if given is None:
        raise UserError(
            "a loss compares masked frames with sentences, and this batch has no target 'sentence_features'",
            hint="data.train.transforms with dict(type='wsdvc_mask.SentenceFeatures', folder=...)",
        )
    vectors = masks.new_zeros((*real.shape, rows.shape[-1]))
    for clip, features in enumerate(given):
        sentences = torch.as_tensor(features, dtype=masks.dtype, device=masks.device)[: int(real[clip].sum())]
        if sentences.shape[-1] != rows.shape[-1]:
            raise UserError(
                f"sentence features are {sentences.shape[-1]} wide, the frames {rows.shape[-1]}: "
                "they cannot be compared"
            )
        vectors[clip, : len(sentences)] = sentences
    return Named(masks @ rows.to(masks.dtype) / masks.sum(-1, keepdim=True), vectors, real)


def resampled(values: Tensor, mask: Tensor, frames: int) -> Tensor:
    """Each clip's real rows [B, T, D] as `frames` rows: picked evenly from more, interpolated from fewer."""
    rows = []
    for row, real in zip(values, mask, strict=True):
        given = row[real]
        count = len(given)
        if count == frames:
            rows.append(given)
            continue
        positions = torch.linspace(0, count - 1, frames, dtype=torch.float64, device=row.device)
        low = positions.floor().long().clamp_max(count - 1)
        if count > frames:
            rows.append(given[low])
        else:
            high = (low + 1).clamp_max(count - 1)
            share = (positions - low)[:, None].to(given.dtype)
            rows.append(torch.lerp(given[low], given[high], share))
    return torch.stack(rows)
