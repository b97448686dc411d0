"""The frames of a clip: its streams side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vidcap_core.api import Stream, UserError, read_streams


def side_by_side(streams: Mapping[str, Stream], widths: Mapping[str, int]) -> tuple[Tensor, Tensor]:
    """Frames [B, N, sum of widths], and which of them have any stream; what is missing counts as zeros."""
    present = read_streams(streams, widths, "SRVCLAHead")
    lengths = {name: stream.mask.shape[1] for name, stream in present.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UserError(
            f"SRVCLAHead sets its streams side by side, but they have different numbers of frames: {each}",
            hint="data.train.sample=dict(kind='uniform', count=30), and the same for val and test",
        )
    masks = [stream.mask for stream in present.values()]
    mask = torch.stack(masks).any(0)
    values = [torch.where(m.unsqueeze(-1), s.values, 0) for s, m in zip(present.values(), masks, strict=True)]
    return torch.cat(values, -1), mask


def refuse_empty(there: Sequence[bool], clips: Sequence[str], streams: Sequence[str]) -> None:
    """Complain of clips that have no frame."""
    if empty := [clip for clip, frames in zip(clips, there, strict=True) if not frames]:
        raise UserError(
            f"SRVCLAHead: the clip {', '.join(empty[:3])} has no frame in {', '.join(streams)}, so there is "
            "nothing to attend to",
            hint="leave the clip out (data.*.ids), or extract its streams",
        )
