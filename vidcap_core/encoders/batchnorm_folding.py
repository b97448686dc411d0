"""Batch norms of a frozen encoder folded into its convolutions: fewer passes over memory, the same stream."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.encoders.rows import device_of

Pair = tuple[nn.Conv2d, nn.Module]


def folded(encoder: Encoder) -> Encoder:
    """The encoder, or a faster copy of it that gives the same stream; for inference only.

    Which norm reads which convolution is seen in one pass over noise: reading it off the modules' order would
    be a guess. A second pass makes sure that nothing else had read what was folded.
    """
    if encoder.reads != "frames" or not any(_is_frozen_norm(module) for module in encoder.modules()):
        return encoder
    side = encoder.short_side or 224
    noise = torch.randint(
        256, (1, 2, side, side, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    noise = noise.to(device_of(encoder))
    faster = copy.deepcopy(encoder)
    with torch.no_grad():
        expected, pairs = _pairs(faster, noise)
        norms = {norm: conv for conv, norm in pairs}
        for parent in list(faster.modules()):
            for name, child in list(parent.named_children()):
                if (conv := norms.get(child)) is not None:
                    _fold(conv, child)
                    setattr(parent, name, _rest(child))
    with torch.inference_mode():
        same = torch.allclose(
            faster(noise).values, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max())
        )
    return faster if same else encoder


def _fold(conv: nn.Conv2d, norm: Any) -> None:
    """w' = w g / s, b' = (b - m) g / s + beta, with s = sqrt(var + eps)."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = conv.bias if conv.bias is not None else torch.zeros_like(norm.running_mean)
    conv.weight.mul_(scale[:, None, None, None])
    conv.bias = nn.Parameter((bias - norm.running_mean) * scale + norm.bias, requires_grad=False)


def _pairs(encoder: nn.Module, example: Tensor) -> tuple[Tensor, list[Pair]]:
    """What comes out, and convolutions with the norms that read them, where each of the two is called once."""
    made: dict[
        int, tuple[nn.Conv2d, Tensor]
    ] = {}  # holding the tensors keeps their ids from being used again
    calls: Counter[nn.Module] = Counter()
    pairs: list[Pair] = []

    def saw(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        calls[module] += 1
        if isinstance(module, nn.Conv2d):
            made[id(output)] = (module, output)
        elif inputs and id(inputs[0]) in made:
            pairs.append((made[id(inputs[0])][0], module))

    watched = [m for m in encoder.modules() if isinstance(m, nn.Conv2d) or _is_frozen_norm(m)]
    handles = [module.register_forward_hook(saw) for module in watched]
    try:
        values = encoder(example).values
    finally:
        for handle in handles:
            handle.remove()
    convs = Counter(conv for conv, _ in pairs)
    return values, [(c, n) for c, n in pairs if convs[c] == 1 and calls[c] == 1 and calls[n] == 1]


def _is_frozen_norm(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.BatchNorm2d)
        and not module.training
        and module.affine
        and module.track_running_stats
    )


def _rest(norm: nn.Module) -> nn.Module:
    """What a norm does beside normalising: timm's carry their activation."""
    parts = [part for name in ("drop", "act") if isinstance(part := getattr(norm, name, None), nn.Module)]
    parts = [part for part in parts if not isinstance(part, nn.Identity)]
    return nn.Sequential(*parts) if parts else nn.Identity()
