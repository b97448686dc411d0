"""Processes: one, several on this machine, or those that torchrun started."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from vidcap_core.captioner.device import choose_device
from vidcap_core.engine.follow import LAUNCHER
from vidcap_core.errors import UserError, in_a_line

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others, of which one may be scoring, before it gives up."""
LOST = re.compile(
    r"[Cc]onnection (closed|reset) by peer|[Tt]imed out waiting|NCCL communicator was aborted|remote process exited"
)
"""What gloo and NCCL say where another process is gone."""


def launch(nproc: int, argv: Sequence[str]) -> int:
    """Run `vidcap-run ARGV` in several processes on this machine, with torchrun's own launcher."""
    if nproc < 1:
        raise UserError(f"--nproc {nproc}: at least one process is needed")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // nproc)))
    # torchrun's command line would take our options for its own, so its Python face is used
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=nproc,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    os.environ[LAUNCHER] = str(os.getpid())
    try:
        elastic_launch(config, sys.executable)("-m", "vidcap_core.cli.run", *argv)
    except ChildFailedError as error:
        return max(failure.exitcode for failure in error.failures.values()) or 1
    except SignalException as error:  # Ctrl-C or a polite kill; its processes are ended by now
        raise KeyboardInterrupt from error
    return 0


@contextmanager
def processes(device: str | None) -> Iterator[str]:
    """The device of this process, inside the process group that torchrun describes, if it does."""
    rank = os.environ.get("LOCAL_RANK")
    device = choose_device(device)
    if rank is not None and not device.startswith("cuda"):
        device = "cpu"  # processes exchange gradients on CUDA's GPUs and on the CPU only
    if rank is None:
        yield device
        return
    if device.startswith("cuda"):
        device = f"cuda:{rank}"
        torch.cuda.set_device(int(rank))
    # mmengine's own start-up assumes a GPU, so the group is made here and mmengine finds it
    started = not torch.distributed.is_initialized()
    if started:
        _meet("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield device
    except RuntimeError as error:
        if (refusal := _alone(error)) is not None:
            raise refusal from error
        raise
    if started:  # after an error torchrun ends the other processes, which would wait here for ever
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _meet(backend: str) -> None:
    """Start the process group, and exchange something: NCCL says only then that it cannot."""
    try:
        torch.distributed.init_process_group(backend, timeout=PATIENCE)
        torch.distributed.barrier()
    except (RuntimeError, ValueError) as error:
        where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        of = f"process {os.environ.get('RANK')} of {os.environ.get('WORLD_SIZE')}"
        raise UserError(
            f"{of} cannot start {backend} (they meet at {where}): {in_a_line(error)}",
            hint="NCCL_DEBUG=INFO says more, NCCL_SOCKET_IFNAME picks the network; --device cpu does without"
            if backend == "nccl"
            else "an address and port that all machines reach: torchrun --rdzv-endpoint HOST:PORT",
        ) from error


def _alone(error: RuntimeError) -> UserError | None:
    """What an error means that comes of another process's end; None where it is another error."""
    if torch.distributed.is_initialized() and LOST.search(str(error)):
        return UserError(
            f"process {torch.distributed.get_rank()}: another process of the run ended or does not answer: "
            f"{in_a_line(error)}",
            hint="its own message says why; --resume goes on from the last checkpoint",
        )
    return None
