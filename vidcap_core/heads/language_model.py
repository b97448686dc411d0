"""Hugging Face causal language models by name, from a folder or a GGUF file, or freshly initialised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.cache_utils import DynamicCache, DynamicLayer

from vidcap_core.errors import ConfigError, UserError

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


def language_model(source: str | Mapping[str, Any], vocabulary: int | None = None) -> nn.Module:
    """A causal language model, with room for `vocabulary` words.

    source: a hub id, a folder, a .gguf file, or a dict with `model_type` and the model's own config keys, from
    which a small model is initialised at random.
    """
    model = _fresh(source) if isinstance(source, Mapping) else _pretrained(str(source))
    cache = DynamicCache(config=model.config)
    if any(type(layer) is not DynamicLayer for layer in cache.layers):
        raise UserError(
            f"{model.config.model_type} has layers that forget words: only full attention can share a prefix",
            hint="another language model, such as gpt2",
        )
    if vocabulary is not None and vocabulary != model.get_input_embeddings().num_embeddings:
        if vocabulary < model.get_input_embeddings().num_embeddings and not isinstance(source, Mapping):
            return model  # type: ignore[no-any-return]  # rows that no token uses are the pretrained model's own
        model.resize_token_embeddings(vocabulary, mean_resizing=False)
    return model  # type: ignore[no-any-return]


def _fresh(source: Mapping[str, Any]) -> Any:
    keys = dict(source)
    kind = keys.pop("model_type", None)
    if kind is None:
        raise ConfigError("a language model given as a dict needs 'model_type'", hint="model_type='gpt2'")
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **keys))


def _pretrained(source: str) -> Any:
    path = Path(source).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise UserError(f"no GGUF file at {path}")
        return AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name)
    if path.is_dir():
        _check_folder(path)
    elif path.is_absolute() or source.startswith((".", "~")):
        raise UserError(f"no folder {path} with a language model")
    try:
        return AutoModelForCausalLM.from_pretrained(str(path) if path.is_dir() else source)
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise UserError(
            f"the language model '{source}' could not be loaded: {first}",
            hint="a folder with config.json and model.safetensors, or a machine that reaches the hub",
        ) from error


def _check_folder(path: Path) -> None:
    missing = [] if (path / "config.json").is_file() else ["config.json"]
    if not any((path / name).is_file() for name in WEIGHTS):
        missing.append("model.safetensors")
    if missing:
        ggufs = sorted(path.glob("*.gguf"))
        raise UserError(
            f"{path} is no language model: {' and '.join(missing)} missing",
            hint=str(ggufs[0]) if ggufs else "a folder written by save_pretrained",
        )
