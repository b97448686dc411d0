"""All that a plugin may import: contracts, records, errors, and the helpers that components share.

`VIDCAP_API` is the version of exactly these names. What costs torch is imported when it is first asked for, so
that a plugin's declaring module stays light. Besides this door a plugin may use `vidcap_core.heads.layers`,
`vidcap_core.testing`, and the bases that docs/plugins.md names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vidcap_core.zoo.hookspecs import VIDCAP_API, hookimpl

if TYPE_CHECKING:
    from vidcap_core.config.recipe import Recipe
    from vidcap_core.config.validate import load_recipe
    from vidcap_core.contracts.dataset import Dataset as AnyDataset
    from vidcap_core.contracts.dataset import IterableDataset
    from vidcap_core.contracts.encoder import DerivedEncoder, Encoder
    from vidcap_core.contracts.generate_settings import GenerateSettings
    from vidcap_core.contracts.head import HEAD, Decode, Head, Output, caption_tokens, whole_clips
    from vidcap_core.contracts.hypotheses import Hyp, Rows
    from vidcap_core.contracts.importer import Imported, Importer
    from vidcap_core.contracts.loss import Loss, named_output, output_with_target
    from vidcap_core.contracts.missing import Missing
    from vidcap_core.contracts.panels import (
        Bars,
        Curve,
        Custom,
        FrameAttention,
        Panel,
        SpatialAttention,
        Timeline,
    )
    from vidcap_core.contracts.tokenizer import Tokenizer
    from vidcap_core.contracts.transform import Transform
    from vidcap_core.contracts.types import (
        Batch,
        Clip,
        Event,
        Named,
        Prediction,
        RawClip,
        Sample,
        Stream,
        View,
    )
    from vidcap_core.contracts.write_settings import WriteSettings
    from vidcap_core.contracts.writer import Writer
    from vidcap_core.datasets.annotated import Dataset
    from vidcap_core.datasets.dense import read_dense
    from vidcap_core.datasets.records import Reading, Record
    from vidcap_core.decoding.sampling import uniforms
    from vidcap_core.encoders.frame_groups import group_frames
    from vidcap_core.encoders.rows import row_mask, rows_by_clip
    from vidcap_core.encoders.text_batches import flatten_texts, regroup_texts
    from vidcap_core.errors import ConfigError, DataError, UserError
    from vidcap_core.features.extract import encode_clip
    from vidcap_core.features.store import FeatureStore
    from vidcap_core.features.writer import FeatureWriter
    from vidcap_core.heads.language_model import check_tokenizer
    from vidcap_core.heads.model_config import ModelConfig
    from vidcap_core.heads.processor_config import ProcessorConfig
    from vidcap_core.heads.streams import check_widths, mean_rows, read_streams
    from vidcap_core.pretrained.chat_endpoint import Answer, ChatEndpoint
    from vidcap_core.pretrained.load import from_hub, model_from_hub, seeded
    from vidcap_core.pretrained.locate import missing_model
    from vidcap_core.saved.authors import read_checkpoint
    from vidcap_core.saved.published import Published, read_options, refuse_lacking, refuse_unknown
    from vidcap_core.tokenizers.hf import HFTokenizer
    from vidcap_core.tokenizers.normalize import rule as text_rule
    from vidcap_core.video.sampling import frame_times
    from vidcap_core.zoo.arguments import at_least, problems
    from vidcap_core.zoo.component import Component
    from vidcap_core.zoo.registry import build_component, component_of
    from vidcap_metrics.emotion import Lexicon, lexicon
    from vidcap_metrics.event_metric import EventMetric
    from vidcap_metrics.files.cache import cache_home, make_once
    from vidcap_metrics.metric import Additive, Metric, Values
    from vidcap_metrics.scorer import Scorer

_HOMES = {
    "config.recipe": ("Recipe",),
    "config.validate": ("load_recipe",),
    "contracts.dataset": {"AnyDataset": "Dataset", "IterableDataset": "IterableDataset"},
    "contracts.encoder": ("DerivedEncoder", "Encoder"),
    "contracts.generate_settings": ("GenerateSettings",),
    "contracts.head": ("HEAD", "Decode", "Head", "Output", "caption_tokens", "whole_clips"),
    "contracts.hypotheses": ("Hyp", "Rows"),
    "contracts.importer": ("Imported", "Importer"),
    "contracts.loss": ("Loss", "named_output", "output_with_target"),
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
    "contracts.types": (
        "Batch",
        "Clip",
        "Event",
        "Named",
        "Prediction",
        "RawClip",
        "Sample",
        "Stream",
        "View",
    ),
    "contracts.write_settings": ("WriteSettings",),
    "contracts.writer": ("Writer",),
    "datasets.annotated": ("Dataset",),
    "datasets.dense": ("read_dense",),
    "datasets.records": ("Reading", "Record"),
    "decoding.sampling": ("uniforms",),
    "encoders.frame_groups": ("group_frames",),
    "encoders.rows": ("row_mask", "rows_by_clip"),
    "encoders.text_batches": ("flatten_texts", "regroup_texts"),
    "errors": ("ConfigError", "DataError", "UserError"),
    "features.extract": ("encode_clip",),
    "features.store": ("FeatureStore",),
    "features.writer": ("FeatureWriter",),
    "heads.language_model": ("check_tokenizer",),
    "heads.model_config": ("ModelConfig",),
    "heads.processor_config": ("ProcessorConfig",),
    "heads.streams": ("check_widths", "mean_rows", "read_streams"),
    "pretrained.chat_endpoint": ("Answer", "ChatEndpoint"),
    "pretrained.load": ("from_hub", "model_from_hub", "seeded"),
    "pretrained.locate": ("missing_model",),
    "saved.authors": ("read_checkpoint",),
    "saved.published": ("Published", "read_options", "refuse_lacking", "refuse_unknown"),
    "tokenizers.hf": ("HFTokenizer",),
    "tokenizers.normalize": {"text_rule": "rule"},
    "video.sampling": ("frame_times",),
    "zoo.arguments": ("at_least", "problems"),
    "zoo.component": ("Component",),
    "zoo.registry": ("build_component", "component_of"),
}
"""Where each name is at home; a mapping where it has another name there."""

_SCORER_HOMES = {
    "emotion": ("Lexicon", "lexicon"),
    "event_metric": ("EventMetric",),
    "files.cache": ("cache_home", "make_once"),
    "metric": ("Additive", "Metric", "Values"),
    "scorer": ("Scorer",),
}
"""The same for those of the scorer."""

_NAMES = {
    name: (f"{package}.{home}", names[name] if isinstance(names, dict) else name)
    for package, homes in (("vidcap_core", _HOMES), ("vidcap_metrics", _SCORER_HOMES))
    for home, names in homes.items()
    for name in names
}

__all__ = [
    "HEAD",
    "VIDCAP_API",
    "Additive",
    "Answer",
    "AnyDataset",
    "Bars",
    "Batch",
    "ChatEndpoint",
    "Clip",
    "Component",
    "ConfigError",
    "Curve",
    "Custom",
    "DataError",
    "Dataset",
    "Decode",
    "DerivedEncoder",
    "Encoder",
    "Event",
    "EventMetric",
    "FeatureStore",
    "FeatureWriter",
    "FrameAttention",
    "GenerateSettings",
    "HFTokenizer",
    "Head",
    "Hyp",
    "Imported",
    "Importer",
    "IterableDataset",
    "Lexicon",
    "Loss",
    "Metric",
    "Missing",
    "ModelConfig",
    "Named",
    "Output",
    "Panel",
    "Prediction",
    "ProcessorConfig",
    "Published",
    "RawClip",
    "Reading",
    "Recipe",
    "Record",
    "Rows",
    "Sample",
    "Scorer",
    "SpatialAttention",
    "Stream",
    "Timeline",
    "Tokenizer",
    "Transform",
    "UserError",
    "Values",
    "View",
    "WriteSettings",
    "Writer",
    "at_least",
    "build_component",
    "cache_home",
    "caption_tokens",
    "check_tokenizer",
    "check_widths",
    "component_of",
    "encode_clip",
    "flatten_texts",
    "frame_times",
    "from_hub",
    "group_frames",
    "hookimpl",
    "lexicon",
    "load_recipe",
    "make_once",
    "mean_rows",
    "missing_model",
    "model_from_hub",
    "named_output",
    "output_with_target",
    "problems",
    "read_checkpoint",
    "read_dense",
    "read_options",
    "read_streams",
    "refuse_lacking",
    "refuse_unknown",
    "regroup_texts",
    "row_mask",
    "rows_by_clip",
    "seeded",
    "text_rule",
    "uniforms",
    "whole_clips",
]


if not TYPE_CHECKING:  # a type checker reads the imports above, and knows a name that is not there

    def __getattr__(name: str) -> Any:
        """The name from its home, kept here from then on."""
        if name not in _NAMES:
            raise AttributeError(f"module 'vidcap_core.api' has no attribute '{name}'")
        home, attribute = _NAMES[name]
        value = getattr(importlib.import_module(home), attribute)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """What can be imported."""
    return __all__
