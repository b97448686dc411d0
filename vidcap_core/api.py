"""All that a plugin may import: contracts, records, errors, and the helpers that components share.

`VIDCAP_API` is the version of exactly these names. What costs torch is imported when it is first asked for, so
that a plugin's declaring module stays light. Besides this door a plugin may use `vidcap_core.heads.layers`,
`vidcap_core.testing`, and the bases that docs/plugins.md names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vidcap_core.zoo.hookspecs import VIDCAP_API

if TYPE_CHECKING:
    pass

_HOMES = {
    "config.recipe": ("Recipe",),
    "config.validate": ("load_recipe",),
    "contracts.dataset": {"AnyDataset": "Dataset"},
    "contracts.encoder": ("DerivedEncoder", "Encoder"),
    "contracts.head": ("Decode", "Head", "Output", "caption_tokens", "whole_clips"),
    "contracts.loss": ("Loss", "named_output", "output_with_target"),
    "contracts.metric": ("Additive", "Metric", "Values"),
    "contracts.missing": ("Missing",),
    "contracts.panels": (
        "Bars",
        "Curve",
        "Custom",
        "FrameAttention",
        "Panel",
        "SpatialAttention",
        "Timeline",
    ),
    "contracts.tokenizer": ("Tokenizer",),
    "contracts.transform": ("Transform",),
    "contracts.types": ("Batch", "Clip", "Event", "Named", "Prediction", "Sample", "Stream", "View"),
    "datasets.annotated": ("Dataset",),
    "datasets.dense": ("read_dense",),
    "datasets.records": ("Reading", "Record"),
    "encoders.frame_groups": ("group_frames",),
    "encoders.rows": ("row_mask", "rows_by_clip"),
    "encoders.text_batches": ("flatten_texts", "regroup_texts"),
    "errors": ("ConfigError", "DataError", "UserError"),
    "features.writer": ("FeatureWriter",),
    "files.cache": ("cache_home", "make_once"),
    "heads.language_model": ("check_tokenizer",),
    "heads.streams": ("check_widths", "mean_rows", "read_streams"),
    "metrics.emotion": ("Lexicon", "lexicon"),
    "metrics.event_metric": ("EventMetric",),
    "pretrained.load": ("seeded",),
    "tokenizers.normalize": {"text_rule": "rule"},
    "video.sampling": ("frame_times",),
    "zoo.arguments": ("at_least", "problems"),
    "zoo.hookspecs": ("hookimpl",),
    "zoo.component": ("Component",),
    "zoo.registry": ("build_component", "component_of"),
}
"""Where each name is at home; a mapping where it has another name there."""

_NAMES = {
    name: (home, names[name] if isinstance(names, dict) else name)
    for home, names in _HOMES.items()
    for name in names
}

__all__ = ["VIDCAP_API", *sorted(_NAMES)]  # pyright: ignore


def __getattr__(name: str) -> Any:
    """The name from its home, kept here from then on."""
    if name not in _NAMES:
        raise AttributeError(f"module 'vidcap_core.api' has no attribute '{name}'")
    home, attribute = _NAMES[name]
    value = getattr(importlib.import_module(f"vidcap_core.{home}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What can be imported."""
    return __all__
