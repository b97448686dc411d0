"""What encoders and the head make of a clip's raw inputs where those are read: in data workers and threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from torch import nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.head import HEAD, Head
from vidcap_core.contracts.types import RawClip, Sample
from vidcap_core.errors import UserError

Prepared = dict[str, Mapping[str, Any]]
"""Of one clip: by the name of an encoder, or under HEAD."""


class Prepare:
    """The parts of a captioner that prepare their inputs themselves."""

    def __init__(self, encoders: Mapping[str, nn.Module], head: Head) -> None:
        parts = {name: cast(Encoder, encoder) for name, encoder in encoders.items()}
        self.encoders = {name: encoder for name, encoder in parts.items() if encoder.prepares}
        self.head = head if head.reads else None
        raw = [encoder for encoder in parts.values() if not encoder.prepares]
        self.raw = {encoder.reads for encoder in raw} | set(parts)
        """Inputs that go to the device as they are."""

    def __bool__(self) -> bool:
        return bool(self.encoders) or self.head is not None

    def of_sample(self, sample: Sample) -> Prepared:
        """What is prepared of a data set's sample."""
        made: Prepared = {}
        for name, encoder in self.encoders.items():
            if len(sample.streams.get(name, ())):
                continue
            key = name if name in sample.inputs else encoder.reads
            if (given := sample.inputs.get(key)) is not None:
                times = sample.times.get(key, np.arange(len(given), dtype=float))
                made[name] = encoder.prepare(given, times) or {}
        if self.head is not None:
            for kind in self.head.reads - {"path"}:
                if kind == "frames" and kind not in sample.inputs:
                    raise UserError(
                        f"{type(self.head).__name__} reads {kind}, which '{sample.clip.id}' lacks",
                        hint=f"data.*.{kind}=dict(...) in the config",
                    )
            frames, audio = sample.inputs.get("frames"), sample.inputs.get("audio")
            made[HEAD] = self.head.prepare(RawClip(sample.clip, frames, sample.times.get("frames"), audio))
        return made

    def together(self, rows: Sequence[Prepared]) -> dict[str, Any]:
        """What was prepared of several clips, side by side."""
        made: dict[str, Any] = {}
        for name in rows[0] if rows else ():
            part = self.head if name == HEAD else self.encoders[name]
            assert part is not None
            made[name] = part.collate([row[name] for row in rows])
        return made
