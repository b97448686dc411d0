"""What SPECTRUM can show of a clip: its attributes, its theme, and the streams that were there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from vidcap_core.api import Bars, Custom, Event, Panel
from vidcap_spectrum.attributes import Attributes

BARS = 20
CARRIERS = 3


def clip_panels(
    rows: Mapping[str, int],
    events: Sequence[Event],
    attributes: Attributes | None,
    probability: Tensor | None,
) -> list[Panel]:
    """The panels of one clip: rows of each stream (0: zeros were used), and the probability of each attribute."""
    streams = Custom("spectrum_streams", {"rows": rows}, title="Rows of each stream (0: zeros were used)")
    if attributes is None or probability is None:
        return [streams]
    mentioned = {word for event in events for word in event.text.split()}
    return [*_bars(attributes, probability.float().cpu(), mentioned), streams]


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
