"""A clip's streams side by side, as the network reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vidcap_core.api import Clip, Stream, UserError, read_streams
from vidcap_pdvc.pyramid import nearest


def side_by_side(
    streams: Mapping[str, Stream], widths: Mapping[str, int], frames: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Rows [B, T, D] of all streams, which are real, and how many rows each stream has of each clip [B, streams].

    With `frames`, the nearest of each stream's rows to so many moments; without, the rows as they are.
    """
    present = read_streams(streams, widths, "PDVCHead")
    counts = torch.stack([stream.mask.sum(1) for stream in present.values()], 1)
    if frames is None:
        lengths = {name: stream.mask.shape[1] for name, stream in present.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name}: {length}" for name, length in lengths.items())
            raise UserError(
                f"PDVCHead reads streams row by row, and they differ ({listed})", hint="head.frames=100"
            )
        real = next(iter(present.values())).mask
        rows = torch.cat([stream.values for stream in present.values()], -1)
        return rows.masked_fill(~real[..., None], 0), real, counts
    rows = torch.cat([_nearest_rows(stream, frames) for stream in present.values()], -1)
    return rows, torch.ones_like(rows[..., 0], dtype=torch.bool), counts


def refuse_empty(counts: Sequence[Sequence[float]], widths: Mapping[str, int], clips: Sequence[Clip]) -> None:
    """Refuse clips of which a stream has nothing."""
    for number, name in enumerate(widths):
        if empty := [clip.id for clip, count in zip(clips, counts, strict=True) if not count[number]]:
            raise UserError(
                f"PDVCHead reads the stream '{name}', of which there is nothing for {', '.join(empty)}",
                hint="leave the clip out, or head.streams without that stream",
            )


def _nearest_rows(stream: Stream, frames: int) -> Tensor:
    order = (~stream.mask).to(torch.int8).sort(dim=1, stable=True).indices  # real rows first, in their order
    index = order.gather(1, nearest(frames, stream.mask.sum(1, keepdim=True)))
    return stream.values.gather(1, index[..., None].expand(-1, -1, stream.values.shape[2]))
