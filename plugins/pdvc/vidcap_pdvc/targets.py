"""What each layer of the decoder is to say of a batch: events, each with the query that is cheapest for it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vidcap_core.api import Batch, Event, Tokenizer, UserError
from vidcap_core.heads.layers import padded_ids
from vidcap_pdvc.matching import NONE, cheapest_pairs, costs
from vidcap_pdvc.network import Proposals
from vidcap_pdvc.rows import refuse_empty
from vidcap_pdvc.spans import as_shares


class CrowdWarning(UserWarning):
    """A clip has more events than there are queries."""


@dataclass(frozen=True)
class Taught:
    """Targets, with E events in all clips together.

    clip: [E], whose each event is; query: [layers, E], the queries in [B * Q] that learn them; mask: [layers, E],
    False for an event without a query; spans: [layers, E, 2]; scores: [layers, B, Q]; count: [B];
    words, real: ids [E, L] from BOS to EOS.
    """

    clip: Tensor
    query: Tensor
    mask: Tensor
    spans: Tensor
    scores: Tensor
    count: Tensor
    words: Tensor
    real: Tensor

    def of_queries(self, values: Sequence[Tensor]) -> Tensor:
        """Of values [B, Q, ...] of each layer, those of the taught queries: [layers, E, ...]."""
        return torch.stack(
            [value.flatten(0, 1)[query] for value, query in zip(values, self.query, strict=True)]
        )


def taught(
    layers: Sequence[Proposals],
    batch: Batch,
    tokenizer: Tokenizer,
    max_words: int,
    refuse_crowds: bool,
    counts: Tensor,
    streams: Mapping[str, int],
) -> Taught:
    """The targets; the host waits once, for the costs of all pairs and how many rows each clip has."""
    device, (size, queries) = counts.device, layers[0].scores.shape
    events = [sorted(of_clip, key=lambda event: (event.start, event.end)) for of_clip in batch.events or ()]
    _see_crowds(events, queries, batch, refuse_crowds)
    spans, numbers = _spans(events, batch), [len(of_clip) for of_clip in events]
    with torch.no_grad():
        there = spans.to(device, non_blocking=True)
        prices = torch.cat(
            [costs(layer.scores.float(), layer.spans.float(), there).flatten(1) for layer in layers], 1
        )
        told = torch.cat([counts.float(), prices], 1).cpu().numpy()
    refuse_empty(told[:, : len(streams)].tolist(), streams, batch.clips)
    priced = told[:, len(streams) :].reshape(size, len(layers), queries, spans.shape[1])
    clips = [clip for clip, number in enumerate(numbers) for _ in range(number)]
    chosen = np.full((len(layers), len(clips)), NONE)
    for layer in range(len(layers)):
        pairs = cheapest_pairs(priced[:, layer], numbers)
        flat = [
            query if query == NONE else clip * queries + query
            for clip, row in enumerate(pairs)
            for query in row
        ]
        chosen[layer] = flat
    mask, found = chosen != NONE, np.zeros((len(layers), size * queries), dtype=np.float32)
    for layer, (row, real) in enumerate(zip(chosen, mask, strict=True)):
        found[layer, row[real]] = 1
    texts = [_ids(event, tokenizer, max_words) for of_clip in events for event in of_clip]
    words, real = padded_ids(texts, tokenizer.pad_id, least=2)
    most = layers[0].count.shape[1] - 1
    flat_spans = spans[torch.arange(spans.shape[1]) < torch.tensor(numbers)[:, None]]
    parts = (
        torch.tensor(clips, dtype=torch.long),
        torch.from_numpy(chosen.clip(0)),
        torch.from_numpy(mask),
        flat_spans.expand(len(layers), -1, -1),
        torch.from_numpy(found).view(len(layers), size, queries),
        torch.tensor([min(number, most) for number in numbers]),
        words,
        real,
    )
    return Taught(*(part.to(device, non_blocking=True) for part in parts))


def _spans(events: Sequence[Sequence[Event]], batch: Batch) -> Tensor:
    spans = torch.full((len(events), max(map(len, events), default=0), 2), 0.5)
    for row, (of_clip, clip) in enumerate(zip(events, batch.clips, strict=True)):
        for column, event in enumerate(of_clip):
            spans[row, column] = torch.tensor(as_shares(event, clip))
    return spans


def _ids(event: Event, tokenizer: Tokenizer, max_words: int) -> list[int]:
    return [tokenizer.bos_id, *tokenizer.encode(event.text)[:max_words], tokenizer.eos_id]


def _see_crowds(events: Sequence[Sequence[Event]], queries: int, batch: Batch, refuse: bool) -> None:
    """Refuse clips with more events than queries, or warn of them."""
    crowds = {
        clip.id: len(of_clip)
        for clip, of_clip in zip(batch.clips, events, strict=True)
        if len(of_clip) > queries
    }
    if not crowds:
        return
    listed = ", ".join(f"{clip}: {count}" for clip, count in crowds.items())
    problem = f"PDVCHead has {queries} queries, and there are clips with more events ({listed})"
    if not refuse:
        warnings.warn(f"{problem}; those that cost most teach nothing", CrowdWarning, stacklevel=2)
        return
    raise UserError(
        f"{problem}, so that some would never be taught",
        hint=f"--set head.queries={max(crowds.values())}, or head.crowded='cheapest' to leave out what costs most",
    )
