"""Methods that find events, as authors write them: rows of `tokens` are events, targets have shapes of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import torch
from sound_parts import AttentiveGRU
from torch import Tensor

from vidcap_core.api import (
    Batch,
    Curve,
    DerivedEncoder,
    Event,
    Loss,
    Named,
    Output,
    Panel,
    Stream,
    Timeline,
    UserError,
    View,
    output_with_target,
)


class EventRows(AttentiveGRU):
    """Each clip twice in the output `tokens`, as two events."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        given = super().forward(streams, batch, want)["tokens"]
        parts = (given.value, given.target, given.mask)
        return Output(tokens=Named(*(p.repeat_interleave(2, 0) for p in parts if p is not None)))


class NoWholeClips(AttentiveGRU):
    """Its `start` takes nothing but its own views."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        self.whole = True
        try:
            return super().forward(streams, batch, want)
        finally:
            del self.whole

    def start(self, view: View) -> tuple[Any, Any]:
        if not hasattr(self, "whole") and view.spans[0] is None:
            raise UserError("NoWholeClips takes proposals alone")
        return super().start(view)


class Boxes(AttentiveGRU):
    """Three queries a clip and up to two boxes to find: the mask is the target's, [B, 2], not the value's, [B, 3]."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        mean = self.first(self.rows(streams))
        value = mean[:, :6].reshape(-1, 3, 2)
        target = mean.detach()[:, 6:10].reshape(-1, 2, 2)
        mask = torch.ones(len(mean), 2, dtype=torch.bool)
        mask[1::2, 1] = False
        return Output(boxes=Named(value, target, mask))


class OddBoxes(Boxes):
    """The same with a mask that fits nothing."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        named = super().forward(streams, batch, want)["boxes"]
        return Output(boxes=replace(named, mask=torch.zeros(len(named.value) + 1, 5, dtype=torch.bool)))


class NearestBox(Loss):
    """How far each box that is there lies from the nearest query."""

    reads = frozenset({"boxes"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        value, target, mask = output_with_target(output, "boxes", "NearestBox")
        assert mask is not None
        far = torch.cdist(target, value).amin(-1)
        return self.counted(far, mask).sum(), mask.sum().float()

    def counted(self, far: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask, far, 0)


class EveryBox(NearestBox):
    """It counts boxes that are not there."""

    def counted(self, far: Tensor, mask: Tensor) -> Tensor:
        return far


class CurveOfBatch(AttentiveGRU):
    """The second curve of its timeline is what the batch is on average."""

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        level = float(self.first(self.rows(streams)).sum())
        curves = Curve("even", [0, 1], [0, 0]), Curve("level", [0, 1], [level, level])
        return [[Timeline(tuple(of_clip), masks=curves)] for of_clip in events]


class Twice(DerivedEncoder):
    """A stream times two; it learns nothing."""

    sources = ("image",)

    def __init__(self) -> None:
        super().__init__()
        self.dim, self.sampling = 16, {}

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        stream = streams["image"]
        return replace(stream, values=stream.values * 2)

    def describe(self) -> dict[str, Any]:
        return {"times": 2}


class OtherWidth(Twice):
    """Its rows are one narrower than it says."""

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        stream = super().derive(streams, clip_id)
        return replace(stream, values=stream.values[..., 1:])
