"""The device that a captioner runs on."""

from __future__ import annotations

import torch

from vidcap_core.errors import UserError


def choose_device(name: str | None) -> str:
    """A device by name, which is tried; without one a GPU where there is one (CUDA's, else Apple's), else the CPU."""
    there = devices()
    if name is None:
        return "cuda" if "cuda:0" in there else there[-1]
    try:
        torch.zeros(1, device=name).item()
    except Exception as error:  # each backend has errors of its own, many of them not a word long
        raise UserError(
            f"--device {name}: {_reason(name, error)}; devices here: {', '.join(there)}",
            hint=f"--device {there[-1]}, or none: it is found by itself",
        ) from error
    return name


def devices() -> list[str]:
    """What torch can use on this machine, the best last."""
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return ["cpu", *apple, *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def _reason(name: str, error: Exception) -> str:
    kind = name.partition(":")[0]
    if kind == "cuda" and not torch.cuda.is_available():
        return "this machine has no GPU that torch can use"
    try:
        torch.device(name)
    except RuntimeError:
        return "torch knows no such device"
    return f"torch cannot use it: {(str(error).splitlines() or [type(error).__name__])[0][:100]}"
