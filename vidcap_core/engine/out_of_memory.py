"""Memory that ran out, in a line: what was being done, how much was asked for and free, what to set."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch

from vidcap_core.config.schema import Runtime
from vidcap_core.errors import UserError

ASKED = re.compile(r"[Tt]ried to allocate ([\d.]+ ?(?:[KMGT]i?B|bytes))")
FREE = re.compile(r"of which ([\d.]+ [KMGT]i?B) is free")
HOST = re.compile(r"you tried to allocate (\d+) bytes")
"""What torch says of it: of a GPU, and of the CPU's allocator."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is what an error says, for torch raises a RuntimeError where the CPU's memory ends."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


def refusal(
    error: BaseException, doing: str, runtime: Runtime, batches: Sequence[int], saved: bool
) -> UserError:
    """The error for people. batches: of the phases. saved: whether there is a checkpoint to go on from."""
    batch = max([*batches, 1])
    resume = "; --resume goes on from the last checkpoint" if saved else ""
    return UserError(
        f"out of memory while {doing}: {_numbers(str(error))}{resume}", hint=_mends(runtime, batch)
    )


def _numbers(text: str) -> str:
    host = HOST.search(text)
    if host is not None:
        free = _free_here()
        return f"{int(host[1]) / 2**30:.2f} GiB were asked for" + (
            f", {free:.2f} GiB are free" if free else ""
        )
    asked, free_there = ASKED.search(text), FREE.search(text)
    if asked is None:
        return text.strip().partition("\n")[0] or "no memory left"
    return f"{asked[1]} were asked for" + (f", {free_there[1]} are free" if free_there else "")


def _free_here() -> float | None:
    """GiB that the machine has left, where Linux says it."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            rows = dict(line.split(":", 1) for line in file)
        return int(rows["MemAvailable"].split()[0]) / 2**20
    except (OSError, KeyError, ValueError):
        return None


def _mends(runtime: Runtime, batch: int) -> str:
    """What makes the same update with less, first."""
    said = []
    if batch > 1:
        half = f"--set runtime.batch={batch // 2} --set runtime.accumulate={runtime.accumulate * 2}"
        said.append(f"{half} (the same update)")
    if not runtime.checkpointing:
        said.append("--set runtime.checkpointing=True")
    if runtime.amp == "off":
        said.append("--amp bf16")
    return ", or ".join(said) or "runtime.strategy='fsdp' over more GPUs"
