"""The frames of a clip: its streams side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vidcap_core.api import Stream, UserError, read_streams


def side_by_side(
    streams: Mapping[str, Stream], widths: Mapping[str, int], names: Sequence[str]
) -> tuple[Tensor, Tensor]:
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
    empty = (~mask.any(1)).nonzero().flatten().tolist()
    if empty:
        raise UserError(
            f"SRVCLAHead: the clip {', '.join(names[row] for row in empty[:3])} has no frame in "
            f"{', '.join(present)}, so there is nothing to attend to",
            hint="leave the clip out (data.*.ids), or extract its streams",
        )
    values = [torch.where(m.unsqueeze(-1), s.values, 0) for s, m in zip(present.values(), masks, strict=True)]
    return torch.cat(values, -1), mask
