"""A pretrained Hugging Face model as an asset: its config alone, from which it is built before its weights follow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoConfig

from vidcap_core.errors import ConfigError
from vidcap_core.pretrained.load import seeded

NOT_KEPT = (
    "architectures",
    "auto_map",
    "dtype",
    "quantization_config",
    "torch_dtype",
    "transformers_version",
)
"""Keys of a config that say how it was stored, not what the model is."""


class StoredConfig(dict[str, Any]):
    """Stands where a model's name stood: what `config_of` gave."""

    def build(self, auto: Any) -> Any:
        """The model, by one of transformers' Auto classes, with random weights of the stored type."""
        keys = dict(self["config"])
        check_no_code(keys)
        config = AutoConfig.for_model(keys.pop("model_type"), **keys)
        kind = getattr(torch, str(self["dtype"]), None)
        if not isinstance(kind, torch.dtype):
            raise ValueError(f"there is no type of numbers '{self['dtype']}'")
        with seeded(0):
            return auto.from_config(config, dtype=kind, trust_remote_code=False)


def config_of(model: Any) -> dict[str, Any]:
    """All that a model is but its weights, as plain data."""
    config = json.loads(model.config.to_json_string(use_diff=False))
    return {"config": _kept(config), "dtype": str(model.dtype).removeprefix("torch.")}


def check_no_code(keys: Mapping[str, Any]) -> None:
    """Refuse keys of a config for which transformers would fetch code from the hub, and run it."""
    for key, value in keys.items():
        if (
            key.startswith("_")
            or key == "auto_map"
            or (key.endswith("_implementation") and "/" in str(value))
        ):
            raise ConfigError(f"{key}: code from a hub is never run", hint="attn_implementation='sdpa'")
        if isinstance(value, Mapping):
            check_no_code(value)


def _kept(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _kept(value) if isinstance(value, Mapping) else value
        for key, value in keys.items()
        if not key.startswith("_") and not key.endswith("_implementation") and key not in NOT_KEPT
    }
