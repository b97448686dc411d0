"""What a head reads: streams by name, each of the width it was built for."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vidcap_core.contracts.types import Stream
from vidcap_core.errors import ConfigError, UserError


def check_widths(streams: Mapping[str, int], head: str) -> dict[str, int]:
    """The `streams` argument of a head, refused when it names none."""
    if not streams:
        raise ConfigError(f"{head} needs at least one stream", hint="head.streams={'image': 512}")
    for name, width in streams.items():
        if width < 1:
            raise ConfigError(f"head.streams.{name}: the width of a stream is at least 1, not {width}")
    return dict(streams)


def read_streams(streams: Mapping[str, Stream], widths: Mapping[str, int], head: str) -> dict[str, Stream]:
    """The streams a head was built for, in its order."""
    ordered = {}
    for name, width in widths.items():
        try:
            stream = streams[name]
        except KeyError:
            there = ", ".join(sorted(streams)) or "none"
            raise UserError(
                f"{head} reads the stream '{name}' (width {width}), which is not there; there is: {there}",
                hint=f"an encoder or a cached stream named '{name}', or head.streams without it",
            ) from None
        given = stream.values.shape[-1]
        if given != width:
            raise UserError(
                f"{head} was built for the stream '{name}' with width {width}, but got width {given}",
                hint=f"--set head.streams.{name}={given}",
            )
        ordered[name] = stream
    return ordered


def mean_rows(stream: Stream) -> Tensor:
    """Mean over the real rows of a stream [B, D]; zeros for a clip that has none."""
    real = stream.mask.unsqueeze(-1)
    total = torch.where(real, stream.values, 0).sum(1)
    return total / real.sum(1).clamp_min(1)
