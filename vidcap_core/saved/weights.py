"""Weights: into a model, or a list of what does not fit; to and from a file of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vidcap_core.errors import CheckpointError


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Put weights into a model, or list the keys that do not fit."""
    own = model.state_dict()
    wrong = [f"missing {key}" for key in own if key not in weights]
    wrong += [f"unknown {key}" for key in weights if key not in own]
    wrong += [
        f"{key}: {tuple(weights[key].shape)} there, {tuple(own[key].shape)} here"
        for key in own
        if key in weights and weights[key].shape != own[key].shape
    ]
    if wrong:
        more = f"\n  and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        lines = "\n  ".join(wrong[:8])
        raise CheckpointError(f"{source} holds weights of another architecture:\n  {lines}{more}")
    model.load_state_dict(weights)


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """A safetensors file."""
    # a tensor that two names share is written twice: safetensors refuses shared memory
    save_file({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}, str(path))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """What a safetensors file holds."""
    try:
        return load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
