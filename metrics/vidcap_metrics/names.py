"""The metrics by name; a name leads to a string, and the string is imported at first use."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from typing import Any

from vidcap_metrics.errors import UserError

METRICS: dict[str, str] = {
    "bleu": "vidcap_metrics.bleu:Bleu",
    "rouge": "vidcap_metrics.rouge:Rouge",
    "cider": "vidcap_metrics.cider:Cider",
    "cider-d": "vidcap_metrics.cider:CiderD",
    "meteor": "vidcap_metrics.meteor.metric:Meteor",
    "spice": "vidcap_metrics.spice:Spice",
    "diversity": "vidcap_metrics.diversity:Diversity",
    "repetition": "vidcap_metrics.repetition:Repetition",
    "event-repetition": "vidcap_metrics.repetition:EventRepetition",
    "samples": "vidcap_metrics.samples:Samples",
    "hallucination": "vidcap_metrics.hallucination:Hallucination",
    "emotion": "vidcap_metrics.emotion:Emotion",
    "dense": "vidcap_metrics.dense:Dense",
    "localisation": "vidcap_metrics.located:Localisation",
    "soda_c": "vidcap_metrics.soda:SodaC",
    "paragraph": "vidcap_metrics.paragraph:Paragraph",
}

DEFAULT = ("bleu", "meteor", "rouge", "cider-d")
"""The usual metrics of captions."""
DENSE = ("dense", "soda_c")
"""The usual metrics of events."""

Load = Callable[[str], Any]
"""From a metric's name to its class: `load_metric`, or what also knows those of plugins."""


def load_metric(name: str) -> Any:
    """The class of one of this package's own metrics."""
    if name not in METRICS:
        close = difflib.get_close_matches(name.lower(), METRICS, n=1, cutoff=0.6)
        known = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(METRICS)}"
        raise UserError(
            f"no metric is named '{name}'; {known}", hint=f"metrics={close[0] if close else 'bleu'}"
        )
    module, _, attribute = METRICS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
