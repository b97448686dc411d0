"""Weights: into a model, or a list of what does not fit; to and from a file of tensors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vidcap_core.errors import CheckpointError

NAMED = "vidcap.named"
"""Metadata of a file of tensors: key -> [file beside it, or "" for itself; key there], as JSON."""
Content = tuple[str, tuple[int, ...], str]
Reference = tuple[str, str]


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


def write_tensors(tensors: Mapping[str, Tensor], path: Path, beside: Path | None = None) -> None:
    """A safetensors file that holds each tensor once; what the file `beside` holds too is only named.

    Tied weights are two names of one tensor, and a frozen part is the same in every copy of the weights.
    """
    known: dict[Content, Reference] = {}
    if beside is not None:
        known = {_content(value): (beside.name, key) for key, value in read_tensors(beside).items()}
    own: dict[str, Tensor] = {}
    named: dict[str, Reference] = {}
    for key, value in tensors.items():
        value = value.detach().cpu().contiguous()
        content = _content(value)
        if content in known:
            named[key] = known[content]
        else:
            known[content] = ("", key)
            own[key] = value.clone()  # safetensors refuses parts of one memory
    path.touch()
    mode = path.stat().st_mode
    save_file(own, str(path), {NAMED: json.dumps(named)} if named else None)
    path.chmod(mode)  # safetensors lets nobody but the owner read


def read_tensors(path: Path) -> dict[str, Tensor]:
    """What a safetensors file holds, and what it names of itself and of the file beside it."""
    tensors, named = _read(path)
    files = {"": tensors}
    try:
        for key, (file, other) in named.items():
            if file not in files:
                if Path(file).name != file:
                    raise ValueError(f"'{file}' is not a file beside it")
                files[file] = _of_itself(path.with_name(file))
            tensors[key] = files[file][other]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error
    return tensors


def _of_itself(path: Path) -> dict[str, Tensor]:
    """What a file holds, and what it names of itself: it names no third one."""
    tensors, named = _read(path)
    return {**tensors, **{key: tensors[other] for key, (file, other) in named.items() if not file}}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Reference]]:
    try:
        with safe_open(str(path), "pt") as file:
            names = file.keys()
            return {key: file.get_tensor(key) for key in names}, json.loads(
                (file.metadata() or {}).get(NAMED, "{}")
            )
    except (OSError, ValueError, RecursionError, SafetensorError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {error}")


def _content(value: Tensor) -> Content:
    """What makes two tensors the same: type, shape and bytes."""
    return str(value.dtype), tuple(value.shape), hashlib.sha256(raw_bytes(value)).hexdigest()


def raw_bytes(value: Tensor) -> memoryview:
    """The bytes of a tensor, on the processor and in order."""
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
