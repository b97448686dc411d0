"""`runtime.compile` and `runtime.checkpointing`: the same arithmetic, in other kernels or with less memory."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.errors import UserError

COMPILERS = ("g++", "clang++", "c++")
"""Of which TorchInductor takes one, unless CXX names another."""
SHOWN = 3
"""Reasons of graph breaks that are told one by one."""


def prepare(captioner: Captioner, compiled: str, checkpointed: bool, device: str) -> None:
    """Do to a captioner what `runtime` says; weights and their names stay."""
    if checkpointed:
        checkpoint_parts(captioner)
    if compiled != "off":
        check_compiler(device)
        compile_parts(captioner, compiled)


def compile_parts(captioner: Captioner, mode: str, backend: str = "inductor") -> None:
    """Encoders, the head's forward pass and its `step` by torch.compile, each at its first call."""
    options: dict[str, Any] = {"backend": backend}
    if backend == "inductor" and mode != "default":
        options["mode"] = mode
    _counters().clear()
    for part in (*captioner.encoders.values(), captioner.head):
        part.compile(**options)
    step = torch.compile(captioner.head.step, **options)
    captioner.head.step = step  # type: ignore[method-assign]


def check_compiler(device: str) -> None:
    """Refuse to compile where nothing compiles, before the run."""
    if device.startswith("cuda"):
        if importlib.util.find_spec("triton") is None:
            raise UserError(
                "runtime.compile needs the package triton on a GPU",
                hint="pip install triton; or runtime.compile='off'",
            )
        return
    names = (os.environ["CXX"],) if os.environ.get("CXX") else COMPILERS
    if not any(shutil.which(name) for name in names):
        raise UserError(
            f"runtime.compile needs a C++ compiler, and there is none of {', '.join(names)} here",
            hint="install g++ (Debian: apt install g++), or --set runtime.compile='off'",
        )


def breaks() -> Iterator[str]:
    """Where the code that was compiled so far falls apart into several graphs, in lines for people."""
    reasons = _counters()["graph_break"]
    if not reasons:
        return
    yield f"note: compiled in parts: {sum(reasons.values())} graph breaks, of {len(reasons)} kinds"
    for reason, count in reasons.most_common(SHOWN):
        yield f"  {count} x {_first(reason)}"


def checkpoint_parts(captioner: Captioner) -> Sequence[str]:
    """Let networks compute their activations again in the backward pass; the names of those that can."""
    found = []
    for name, module in captioner.named_modules():
        if getattr(module, "supports_gradient_checkpointing", False):
            module.gradient_checkpointing_enable({"use_reentrant": False})
            found.append(name)
    if not found:
        raise UserError(
            "runtime.checkpointing: no part of this captioner can compute its activations again",
            hint="it is for encoders and language models of Hugging Face; runtime.accumulate and amp save memory too",
        )
    return found


def _counters() -> Any:
    """What dynamo counts; it takes seconds to import, and most runs compile nothing."""
    from torch._dynamo.utils import counters

    return counters


def _first(reason: str) -> str:
    """A graph break's reason in a line."""
    return next((line.strip() for line in str(reason).splitlines() if line.strip()), "unknown")[:160]
