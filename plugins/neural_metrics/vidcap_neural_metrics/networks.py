"""The encoders behind a metric: built of a config's words, without gradients, named in the signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import Encoder, Missing, UserError, build_component, component_of
from vidcap_neural_metrics.prompt import digits

BATCH = 64
"""Texts that go through a network at once."""


def build_encoder(spec: Mapping[str, Any], reads: str) -> Encoder:
    """The encoder that `dict(type=..., ...)` names, ready to encode; it must read what the metric gives it."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("type"), str):
        raise UserError(
            f"{spec!r:.60} names no encoder", hint='dict(type="OpenClipText", model=..., pretrained=...)'
        )
    try:
        encoder: Encoder = build_component("encoders", spec)
    except (TypeError, ValueError, AttributeError) as error:
        given = ", ".join(f"{key}={value!r:.60}" for key, value in spec.items() if key != "type")
        raise UserError(
            f"{spec['type']} cannot be built of {given or 'nothing'}: {error}",
            hint="vidcap list encoders",
        ) from error
    if encoder.reads != reads:
        raise UserError(
            f"{spec['type']} reads {encoder.reads}, the metric needs one that reads {reads}",
            hint="vidcap list encoders",
        )
    encoder.eval().requires_grad_(False)
    return encoder.to("cuda" if torch.cuda.is_available() else "cpu")


def missing_encoders(*specs: Any) -> Iterator[Missing]:
    """What the encoders of a metric lack on this machine."""
    for spec in specs:
        if isinstance(spec, Mapping) and "type" in spec:
            yield from component_of("encoders", spec).missing()


def text_rows(encoder: Encoder, texts: Sequence[str]) -> dict[str, Tensor]:
    """One row [dim] of length 1 for each different text."""
    out: dict[str, Tensor] = {}
    for batch in batches(texts):
        with torch.inference_mode():
            rows = encoder(batch).values[:, 0].float().cpu()
        out |= zip(batch, unit(rows), strict=True)
    return out


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The different texts, some at a time; those of a batch are about as long as each other."""
    different = sorted(dict.fromkeys(texts), key=len)
    for start in range(0, len(different), BATCH):
        yield different[start : start + BATCH]


def unit(rows: Tensor) -> Tensor:
    """Rows scaled to length 1; a row of zeros stays."""
    return torch.nn.functional.normalize(rows, dim=-1)


def signed(recipes: Sequence[Mapping[str, Any]], **settings: Any) -> dict[str, str]:
    """What a signature shows: `model` with a hash of its weights, `encoders`: of all else about them; settings."""
    models = dict.fromkeys(str(recipe.get("model", recipe.get("encoder", "features"))) for recipe in recipes)
    weights = [recipe.get("weights", "unknown") for recipe in recipes]
    others = [{key: value for key, value in recipe.items() if key != "weights"} for recipe in recipes]
    name = "+".join(models).replace("|", "/")
    shown = {key: shown_or_hashed(value) for key, value in settings.items()}
    return {"model": f"{name}@{digits(weights)}", "encoders": digits(others), **shown}


def shown_or_hashed(value: object) -> str:
    """A short word or number as it is, eight digits of the hash of anything else."""
    return str(value) if re.fullmatch(r"[\w.-]{1,24}", str(value)) else digits(value)
