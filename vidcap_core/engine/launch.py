"""Processes: one, several on this machine, or those that torchrun started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed

from vidcap_core.errors import UserError


def launch(nproc: int, argv: Sequence[str]) -> int:
    """Run `vidcap-run ARGV` in several processes on this machine, as torchrun does."""
    if nproc < 1:
        raise UserError(f"--nproc {nproc}: at least one process is needed")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={nproc}",
               "-m", "vidcap_core.cli.run", *argv]  # fmt: skip
    environment = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // nproc)), **os.environ}
    return subprocess.run(command, env=environment, check=False).returncode


@contextmanager
def processes(device: str | None) -> Iterator[str]:
    """The device of this process, inside the process group that torchrun describes, if it does."""
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if place.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"--device {place}: this machine has no GPU that torch can use", hint="--device cpu")
    rank = os.environ.get("LOCAL_RANK")
    if rank is None:
        yield place
        return
    if place.startswith("cuda"):
        place = f"cuda:{rank}"
        torch.cuda.set_device(int(rank))
    # mmengine's own start-up assumes a GPU, so the group is made here and mmengine finds it
    made = not torch.distributed.is_initialized()
    if made:
        torch.distributed.init_process_group("nccl" if place.startswith("cuda") else "gloo")
    try:
        yield place
    finally:
        if made:
            torch.distributed.destroy_process_group()
