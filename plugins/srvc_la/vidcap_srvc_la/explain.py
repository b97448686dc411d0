"""What SRVC-LA shows of a finished caption: where each word looked, and at how many frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import torch
from torch import nn

from vidcap_core.api import (
    Batch,
    Clip,
    Curve,
    Event,
    FrameAttention,
    Panel,
    Stream,
    Tokenizer,
    frame_times,
)
from vidcap_core.heads.layers import padded_ids
from vidcap_srvc_la.losses import entropy
from vidcap_srvc_la.visual_context import VisualContext


class Watched(Protocol):
    """What is asked of the head."""

    tokenizer: Tokenizer
    embed: nn.Embedding
    context: VisualContext
    __call__: Any

    @property
    def watchers(self) -> Sequence[str]:
        """The branches whose attention can be watched."""
        ...


def panels(
    head: Watched, streams: Mapping[str, Stream], batch: Batch, events: Sequence[Sequence[Event]]
) -> list[list[Panel]]:
    """For each clip the attention of its caption, from one teacher-forced pass over all of them."""
    ids = [head.tokenizer.encode(" ".join(event.text for event in clip_events)) for clip_events in events]
    if not head.watchers or not any(ids):
        return [[] for _ in ids]
    tk = head.tokenizer
    rows = [[tk.bos_id, *row, tk.eos_id] for row in ids]
    tokens, mask = padded_ids(rows, tk.pad_id)
    spoken = replace(batch, tokens=tokens, token_mask=mask).to(head.embed.weight.device)
    named = head(streams, spoken, frozenset({"attention"}))["attention"]
    assert named.target is not None
    shown: list[list[Panel]] = []
    for index, row in enumerate(ids):
        # [words, branches, real frames]
        weights = named.value[index, : len(row)][..., named.target[index]].float().cpu()
        shown.append(_of_clip(head, batch.clips[index], row, weights) if row else [])
    return shown


def _of_clip(head: Watched, clip: Clip, ids: Sequence[int], weights: torch.Tensor) -> list[Panel]:
    spoken = tuple(head.tokenizer.decode([token]) for token in ids)
    looks = {name: weights[:, index] for index, name in enumerate(head.watchers)}
    rows = {name: tuple(map(tuple, look.tolist())) for name, look in looks.items()}
    shown: list[Panel] = [FrameAttention(spoken, rows, _times(clip, weights.shape[-1]))]
    numbers = tuple(range(1, len(ids) + 1))
    for name, look in looks.items():
        effective = tuple(entropy(look).exp().tolist())
        shown.append(Curve(f"effective frames, {name} branch", numbers, effective, "word", "frames"))
        if head.context.concat == "seq":
            mass = tuple(look.sum(-1).tolist())
            shown.append(Curve(f"attention on frames, {name} branch", numbers, mass, "word", "share"))
    return shown


def _times(clip: Clip, frames: int) -> tuple[float, ...]:
    """Seconds of frames that are the middles of equal parts; their numbers where the clip's length is unknown."""
    start, end = clip.span
    if end <= start:
        return tuple(float(index) for index in range(frames))
    return tuple(frame_times({"kind": "uniform", "count": frames}, start, end).tolist())
