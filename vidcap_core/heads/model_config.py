"""A pretrained Hugging Face model as an asset: its config alone, from which it is built before its weights follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedModel

from vidcap_core.errors import CheckpointError, ConfigError
from vidcap_core.pretrained.load import check_implementations, seeded

NOT_KEPT = (
    "architectures",
    "auto_map",
    "dtype",
    "quantization_config",
    "torch_dtype",
    "transformers_version",
)
"""Keys of a config that say how it was stored, not what the model is."""


class ModelConfig(dict[str, Any]):
    """All that a model of transformers is but its weights, as plain data; it may stand where the model's name stood."""

    @classmethod
    def of(cls, model: PreTrainedModel) -> ModelConfig:
        """Of a model that is there."""
        config = json.loads(model.config.to_json_string(use_diff=False))
        return cls(config=without_code(config), dtype=str(model.dtype).removeprefix("torch."))

    def build(self, from_config: Callable[..., Any]) -> Any:
        """The model, by `from_config` of one of transformers' Auto classes, with random weights of the stored type."""
        keys = dict(self["config"])
        check_no_code(keys)
        kind = getattr(torch, str(self["dtype"]), None)
        if not isinstance(kind, torch.dtype):
            raise CheckpointError(f"a stored model has numbers of the type '{self['dtype']}', which is none")
        try:
            config = AutoConfig.for_model(keys.pop("model_type"), **keys)
            with seeded(0):
                return from_config(config, dtype=kind, trust_remote_code=False)
        except Exception as error:  # whatever a model's own code raises
            first = str(error).partition("\n")[0]
            raise CheckpointError(f"no model can be built of the config that is stored: {first}") from error


def check_no_code(keys: Mapping[str, Any]) -> None:
    """Refuse keys of a config for which transformers would fetch code from the hub, and run it."""
    check_implementations(keys, "the config of a model")
    for key, value in ((str(key), value) for key, value in keys.items()):  # of labels a key is a number
        if key.startswith("_") or key == "auto_map":
            raise ConfigError(f"{key}: code from a hub is never run", hint="attn_implementation='sdpa'")
        if isinstance(value, Mapping):
            check_no_code(value)


def without_code(keys: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the keys that `check_no_code` refuses, and without those of how it was stored."""
    return {
        key: without_code(value) if isinstance(value, Mapping) else value
        for key, value in keys.items()
        if not str(key).startswith("_") and not str(key).endswith("_implementation") and key not in NOT_KEPT
    }
