"""Low-rank adapters of peft in the language model of a video-language model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from torch import nn

from vidcap_core.api import ConfigError, UserError, seeded
from vidcap_vlm.loading import is_quantised

NEVER = ("inference_mode", "task_type", "modules_to_save", "peft_type")
"""Arguments of peft's LoraConfig that have no meaning here."""


def add(model: Any, options: Mapping[str, Any]) -> None:
    """Put adapters into a model, in place: W x + (alpha / r) B A x, with B = 0 at first; all else is frozen.

    options: arguments of peft's LoraConfig. Without `target_modules` all linear layers of the language model.
    A quantised model is prepared as peft has it (QLoRA): norms in float32, activations computed again going back.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model, prepare_model_for_kbit_training
    except ImportError as error:
        raise UserError("head.lora needs peft", hint="pip install peft") from error
    given = {"target_modules": decoder_linears(model), **options}
    if unknown := [key for key in given if key in NEVER or key not in LoraConfig.__dataclass_fields__]:
        raise ConfigError(
            f"head.lora has no option '{unknown[0]}'", hint="head.lora=dict(r=8, lora_alpha=16)"
        )
    if is_quantised(model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft calls transformers by an older name
            prepare_model_for_kbit_training(model, gradient_checkpointing_kwargs={"use_reentrant": False})  # type: ignore[no-untyped-call]
    try:
        with seeded(0):
            inject_adapter_in_model(LoraConfig(**given), model)
    except Exception as error:  # whatever peft's own code raises
        raise ConfigError(f"head.lora: peft says: {' '.join(str(error).split())[:300]}") from error


def fold(model: Any) -> None:
    """Add what adapters learnt to the weights that they adapt, and take them out again, in place."""
    for name, layer in [(n, m) for n, m in model.named_modules() if hasattr(m, "base_layer")]:
        layer.merge()
        model.set_submodule(name, layer.get_base_layer())


def decoder_linears(model: Any) -> list[str]:
    """Full names of the linear layers of the decoder."""
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model
    inside = {id(module) for module in decoder.modules()}
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and id(module) in inside and not name.endswith("lm_head")
    ]
