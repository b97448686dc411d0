"""Hugging Face causal language models by name, from a folder or a GGUF file, or freshly initialised."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicCache, DynamicLayer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.model_config import ModelConfig, check_no_code
from vidcap_core.heads.prefix_cache import cache_in
from vidcap_core.pretrained.load import check_implementations
from vidcap_core.pretrained.locate import CONFIG, WEIGHTS, gguf_file, install_first, lacking, model_folder

ANOTHER = "another language model, such as gpt2"


def language_model(source: str | Mapping[str, Any], vocabulary: int | None = None) -> nn.Module:
    """A causal language model, with room for `vocabulary` words.

    source: a hub id, a folder, a .gguf file, an installed package that carries one of these, or a dict with
    `model_type` and the model's own config keys, from which a small model is initialised at random. A ModelConfig
    is a pretrained model whose weights follow.
    """
    fresh = isinstance(source, Mapping) and not isinstance(source, ModelConfig)
    model = _made(source)
    cache = DynamicCache(config=model.config)
    if any(type(layer) is not DynamicLayer for layer in cache.layers):
        raise UserError(
            f"{model.config.model_type} has layers that forget words: only full attention can share a prefix",
            hint=ANOTHER,
        )
    check_causal(model)
    if vocabulary is not None and vocabulary != model.get_input_embeddings().num_embeddings:
        if vocabulary < model.get_input_embeddings().num_embeddings and not fresh:
            return model  # type: ignore[no-any-return]  # rows that no token uses are the pretrained model's own
        model.resize_token_embeddings(vocabulary, mean_resizing=False)
    return model  # type: ignore[no-any-return]


def _made(source: str | Mapping[str, Any]) -> Any:
    if isinstance(source, ModelConfig):
        return source.build(AutoModelForCausalLM.from_config)
    return _fresh(source) if isinstance(source, Mapping) else _pretrained(source)


def _fresh(source: Mapping[str, Any]) -> Any:
    keys = dict(source)
    kind = keys.pop("model_type", None)
    if kind is None:
        raise ConfigError("a language model given as a dict needs 'model_type'", hint="model_type='gpt2'")
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        [close] = difflib.get_close_matches(str(kind), MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, n=1) or ["gpt2"]
        raise ConfigError(f"no language model has the model_type '{kind}'", hint=f"model_type='{close}'")
    check_no_code(keys)
    try:
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **keys), trust_remote_code=False)
    except (ValueError, TypeError) as error:  # sizes that do not go together
        first = str(error).partition("\n")[0]
        raise ConfigError(f"no {kind} can be made of these keys: {first}") from error


@torch.no_grad()
def check_causal(model: PreTrainedModel) -> None:
    """Refuse a model whose words see those behind them, or that keeps no keys and values: it writes word by word."""
    kind, trains = model.config.model_type, model.training
    ids = torch.tensor(
        [[0, 1, 0], [0, 1, 1]], device=model.device
    )  # two texts that differ in their last word
    model.eval()  # without dropout nothing is drawn, so nothing random moves on
    try:
        out = model(input_ids=ids, use_cache=True)
    except Exception as error:  # whatever a model's own code raises
        raise UserError(f"a {kind} fails on a few words: {error}", hint=ANOTHER) from error
    finally:
        model.train(trains)
    moved = (out.logits[0, :-1] - out.logits[1, :-1]).abs().max()
    if moved > 1e-4 * out.logits.abs().max():
        raise UserError(
            f"a {kind} sees the words behind each word, so it cannot write them one by one", hint=ANOTHER
        )
    if cache_in(out) is None:
        raise UserError(f"a {kind} keeps no keys and values of the words it has read", hint=ANOTHER)


def _pretrained(source: str) -> Any:
    if (file := gguf_file(source)) is not None:
        if not file.is_file():
            raise UserError(f"no GGUF file at {file}")
        return AutoModelForCausalLM.from_pretrained(
            str(file.parent), gguf_file=file.name, trust_remote_code=False
        )
    path = Path(model_folder(source)).expanduser()
    if path.is_dir():
        _check_folder(path)
    elif path.is_absolute() or source.startswith((".", "~")):
        raise UserError(f"no folder {path} with a language model")
    try:
        name_or_path = str(path) if path.is_dir() else source
        keys, _ = PretrainedConfig.get_config_dict(name_or_path, trust_remote_code=False)
        check_implementations(keys, f"the language model '{source}'")
        return AutoModelForCausalLM.from_pretrained(name_or_path, trust_remote_code=False)
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise UserError(
            f"the language model '{source}' could not be loaded: {first}",
            hint=f"{install_first(source)}a folder with config.json and model.safetensors, "
            "or a machine that reaches the hub",
        ) from error


def _check_folder(path: Path) -> None:
    if missing := lacking(path, CONFIG, WEIGHTS):
        ggufs = sorted(path.glob("*.gguf"))
        raise UserError(
            f"{path} is no language model: {' and '.join(missing)} missing",
            hint=str(ggufs[0]) if ggufs else "a folder written by save_pretrained",
        )


def check_tokenizer(model: nn.Module, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer whose ids mean other words to a pretrained model than to itself."""
    config: Any = model.config.get_text_config(decoder=True)  # type: ignore[operator,union-attr]
    rows = int(model.get_input_embeddings().num_embeddings)  # type: ignore[operator]
    end = getattr(config, "eos_token_id", None)
    ends = end if isinstance(end, list) else [end]
    problem = None
    if not 0.95 * rows <= len(tokenizer) <= rows:  # models may have a few rows that no token uses
        problem = f"the tokenizer has {len(tokenizer)} tokens, the language model rows for {rows}"
    elif None not in ends and tokenizer.eos_id not in ends:
        problem = (
            f"the tokenizer ends a text with token {tokenizer.eos_id}, the language model with {ends[0]}"
        )
    if problem is not None:
        raise ConfigError(
            f"tokenizer and language model disagree: {problem}",
            hint="tokenizer=dict(type='HFTokenizer', name=...) with the model's own folder or name",
        )
