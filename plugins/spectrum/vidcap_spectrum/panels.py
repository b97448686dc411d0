"""What SPECTRUM can show of a clip: its attributes, its theme, and the streams that were there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vidcap_core.api import Bars, Batch, Custom, Event, Panel, Stream
from vidcap_spectrum.attributes import Attributes

if TYPE_CHECKING:
    from vidcap_spectrum.head import SpectrumHead

BARS = 20
CARRIERS = 3


@torch.no_grad()
def explain(
    head: SpectrumHead, streams: Mapping[str, Stream], batch: Batch, events: Sequence[Sequence[Event]]
) -> list[list[Panel]]:
    """The panels of each clip."""
    there = [_there(head, streams, clip) for clip in range(len(batch))]
    if head.attributes is None:
        return [[panel] for panel in there]
    probability = head.probabilities(head.encode(streams, len(batch)))
    assert probability is not None
    mentioned = [{word for event in clip for word in event.text.split()} for clip in events]
    return [
        [*_bars(head.attributes, row, words), panel]
        for row, words, panel in zip(probability.float().cpu(), mentioned, there, strict=True)
    ]


def theme(attributes: Attributes, probability: Tensor) -> dict[str, tuple[float, tuple[str, ...]]]:
    """Each category: the chance that one of its words is said, 1 - prod (1 - Pr), and the words, likeliest first."""
    words: dict[str, dict[str, float]] = {}
    emotional = probability[len(attributes.universal) :].tolist()
    for word, names, chance in zip(attributes.emotional, attributes.categories, emotional, strict=True):
        for name in names:
            words.setdefault(name, {})[word] = chance
    categories = {}
    for name, chances in words.items():
        none = 1.0
        for chance in chances.values():
            none *= 1.0 - chance
        categories[name] = (1.0 - none, tuple(sorted(chances, key=lambda word: -chances[word])))
    return dict(sorted(categories.items(), key=lambda item: -item[1][0]))


def _bars(attributes: Attributes, probability: Tensor, mentioned: set[str]) -> list[Panel]:
    cut = len(attributes.universal)
    panels: list[Panel] = []
    for title, words, chances in (
        ("Universal attributes", attributes.universal, probability[:cut]),
        ("Emotional attributes", attributes.emotional, probability[cut:]),
    ):
        if words:
            best = chances.topk(min(BARS, len(words)))
            values = {
                words[k]: chance
                for chance, k in zip(best.values.tolist(), best.indices.tolist(), strict=True)
            }
            panels.append(Bars(values, tuple(word for word in values if word in mentioned), title))
    if attributes.emotional:
        themes = theme(attributes, probability)
        first, (_, carriers) = next(iter(themes.items()))
        title = f"Dominant theme: {first} (through {', '.join(carriers[:CARRIERS])})"
        panels.append(Bars({name: chance for name, (chance, _) in themes.items()}, (first,), title))
    return panels


def _there(head: SpectrumHead, streams: Mapping[str, Stream], clip: int) -> Panel:
    """Rows of each stream of this clip; 0 where zeros stood in for it."""
    rows = {name: int(streams[name].mask[clip].sum()) if name in streams else 0 for name in head.streams}
    return Custom("spectrum_streams", {"rows": rows}, title="Rows of each stream (0: zeros were used)")
