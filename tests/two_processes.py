"""Several runs in one pair of processes: starting two costs more than all that they train.

`in_two(jobs, folder)` starts them; as a program it is one of the two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 500
"""Seconds for all jobs together."""


@dataclass(frozen=True)
class Job:
    """A run: its config, its folder, and how it goes on where it was begun."""

    config: str
    folder: str
    force_resume: bool = False


def in_two(jobs: Sequence[Job], folder: Path) -> list[str]:
    """Train them in two processes on the CPU, one after the other; of each what went wrong, or nothing."""
    (folder / "jobs.json").write_text(json.dumps([asdict(job) for job in jobs]))
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    both = []
    for rank in range(2):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "RANK": str(rank)}
        environment |= {"LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        log = (folder / f"said-{rank}.txt").open("w")
        command = [sys.executable, __file__, str(folder)]
        both.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    try:
        for process in both:
            process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        for process in both:
            process.kill()
    said = [(folder / f"said-{rank}.txt").read_text()[-2000:] for rank in range(2)]
    done = [folder / f"done-{rank}.json" for rank in range(2)]
    assert all(file.is_file() for file in done), said
    return ["".join(wrong) for wrong in zip(*(json.loads(file.read_text()) for file in done), strict=True)]


def _main(folder: Path) -> None:
    import traceback

    import torch.distributed as processes

    from vidcap_core import train
    from vidcap_core.config.files import load_config

    rank = int(os.environ["RANK"])
    meet = f"file://{folder / 'meet'}"
    processes.init_process_group("gloo", meet, timedelta(seconds=120), world_size=2, rank=rank)
    wrong = []
    for job in [Job(**each) for each in json.loads((folder / "jobs.json").read_text())]:
        try:
            config = load_config(job.config)
            train(config, work_dir=job.folder, device="cpu", quiet=True, force_resume=job.force_resume)
            wrong.append("")
        except Exception:  # the other jobs go on, as far as the two processes still understand each other
            wrong.append(traceback.format_exc())
    (folder / f"done-{rank}.json").write_text(json.dumps(wrong))
    processes.destroy_process_group()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
