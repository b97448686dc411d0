"""Processes: one, several on this machine, or those that torchrun started."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from vidcap_core.captioner.device import choose_device
from vidcap_core.engine.follow import LAUNCHER
from vidcap_core.errors import UserError


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
        torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    yield device
    if started:  # after an error torchrun ends the other processes, which would wait here for ever
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
