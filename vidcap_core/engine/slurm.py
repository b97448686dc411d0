"""`srun vidcap-run ...` without torchrun: the tasks of the step are the processes of one run."""

from __future__ import annotations

import re
from collections.abc import MutableMapping

PORTS = range(20_000, 40_000)
"""Where the processes meet: by the number of the job, as two jobs may share a node."""


def adopt(environment: MutableMapping[str, str]) -> None:
    """Say in torchrun's words what Slurm says of a step of several tasks; torchrun's own are left alone."""
    tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    if "LOCAL_RANK" in environment or not tasks.isdigit() or int(tasks) < 2:
        return
    job = int(environment.get("SLURM_JOB_ID", "0"))
    environment.update(
        RANK=environment["SLURM_PROCID"],
        LOCAL_RANK=environment["SLURM_LOCALID"],
        WORLD_SIZE=tasks,
        MASTER_ADDR=first_host(environment.get("SLURM_STEP_NODELIST", "localhost")),
        MASTER_PORT=str(PORTS[job % len(PORTS)]),
    )


def first_host(nodes: str) -> str:
    """The first of `node[07-09,12],gpu3`: node07."""
    match = re.match(r"([^,\[]+)(?:\[([^\],-]+)[^\]]*\])?", nodes)
    return "localhost" if match is None else match.group(1) + (match.group(2) or "")
