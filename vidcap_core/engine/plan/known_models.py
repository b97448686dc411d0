"""Pretrained models that are not here, as far as shapes go: config and as many tokens, and no weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import AutoConfig, PreTrainedTokenizerFast

from vidcap_core.config.recipe import Recipe
from vidcap_core.pretrained.locate import model_folder
from vidcap_core.zoo.arguments import names
from vidcap_core.zoo.component import Component

KNOWN: Mapping[str, Mapping[str, Any]] = {
    "gpt2": {"model_type": "gpt2"},
    "distilgpt2": {"model_type": "gpt2", "n_layer": 6},
    "bert-base-uncased": {"model_type": "bert"},
    "facebook/timesformer-base-finetuned-k400": {"model_type": "timesformer"},
}
"""Published configs, as far as they differ from what transformers takes by itself for the type."""


def stand_in(part: Component, where: Path) -> Component:
    """A part whose pretrained models need no weights, as far as their shapes are known."""
    changes: dict[str, Any] = {}
    accepted = names(part.target)
    for key, value in part.arguments.items():
        if not isinstance(value, str) or value not in KNOWN or Path(model_folder(value)).is_dir():
            continue
        if key == "lm":  # which may be given as the config itself
            changes[key] = dict(KNOWN[value])
        else:
            changes[key] = str(_folder(value, where))
    absent = part.arguments.get("pretrained") is not False and "pretrained" in accepted
    if absent and (changes or any(part.missing())):
        changes["pretrained"] = False
    return part.changed(**changes) if changes else part


def with_stand_ins(recipe: Recipe, where: Path) -> Recipe:
    """A recipe whose parts need no weights, as far as their shapes are known."""
    return replace(
        recipe,
        head=stand_in(recipe.head, where),
        tokenizer=stand_in(recipe.tokenizer, where),
        encoders={name: stand_in(encoder, where) for name, encoder in recipe.encoders.items()},
    )


def _folder(name: str, where: Path) -> Path:
    """A folder with the config of a known model, and a tokenizer of as many tokens."""
    folder = where / name.replace("/", "--")
    if not folder.is_dir():
        folder.mkdir()
        kind = dict(KNOWN[name])
        config = AutoConfig.for_model(kind.pop("model_type"), **kind)
        config.save_pretrained(folder)
        if size := getattr(config, "vocab_size", None):
            _tokenizer(size, config.model_type == "bert").save_pretrained(folder)
    return folder


def _tokenizer(size: int, begins: bool) -> PreTrainedTokenizerFast:
    """A tokenizer of so many words, whose last one ends a text; it knows no word of any language."""
    end = "<|endoftext|>"
    model = WordLevel({**{f"w{number}": number for number in range(size - 1)}, end: size - 1}, unk_token="w0")
    backend = Tokenizer(model)
    backend.pre_tokenizer = Whitespace()
    roles = {"eos_token": end, "pad_token": end, "unk_token": "w0"}
    if begins:
        roles |= {"cls_token": "w1", "sep_token": end}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **roles)
