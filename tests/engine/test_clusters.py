"""What clusters do to a run: Slurm's tasks, SIGTERM before a kill, file systems without locks."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from vidcap_core.engine import slurm, state
from vidcap_core.engine.data import data_workers
from vidcap_core.errors import UserError
from vidcap_core.testing import tiny
from vidcap_metrics.files.lock import Lock

STEPS = 400


def test_slurms_tasks_are_the_processes_of_one_run() -> None:
    said = {
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_PROCID": "3",
        "SLURM_LOCALID": "1",
        "SLURM_JOB_ID": "41234",
        "SLURM_STEP_NODELIST": "node[07-09,12],gpu3",
    }
    environment = dict(said)
    slurm.adopt(environment)
    assert environment == {
        **said,
        "RANK": "3",
        "LOCAL_RANK": "1",
        "WORLD_SIZE": "4",
        "MASTER_ADDR": "node07",
        "MASTER_PORT": environment["MASTER_PORT"],
    }
    assert int(environment["MASTER_PORT"]) in slurm.PORTS
    for others in ({**said, "LOCAL_RANK": "0"}, {**said, "SLURM_STEP_NUM_TASKS": "1"}, {"SLURM_NTASKS": "4"}):
        before = dict(others)
        slurm.adopt(others)
        assert others == before


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("a", "a"), ("a,b", "a"), ("n[1,4]", "n1"), ("rack-2-n[010-012]", "rack-2-n010"), ("", "localhost")],
)
def test_the_first_host(nodes: str, first: str) -> None:
    assert slurm.first_host(nodes) == first


def test_two_tasks_of_slurm_train_one_run(tmp_path: Path) -> None:
    config = write_config(tmp_path, epochs=1)
    environment = {**os.environ, "SLURM_STEP_NUM_TASKS": "2", "SLURM_JOB_ID": str(os.getpid())}
    tasks = [
        subprocess.Popen(
            command(config, tmp_path / "run"),
            env={**environment, "SLURM_PROCID": str(task), "SLURM_LOCALID": str(task)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for task in range(2)
    ]
    for task in tasks:
        _, said = task.communicate(timeout=240)
        assert task.returncode == 0, said[-2000:]
    steps = [line["step"] for line in scalars(tmp_path / "run") if "loss/tokens" in line]
    assert steps == [1, 2, 3, 4]  # 16 captions in global batches of 4, each step written once


def test_sigterm_saves_after_the_step_and_resumes_there(tmp_path: Path) -> None:
    config, folder = write_config(tmp_path, steps=STEPS), tmp_path / "run"
    process = subprocess.Popen(command(config, folder), stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 200
    while not (folder / "scalars.jsonl").is_file() or not scalars(folder):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 130, said[-2000:]
    assert "asked to end; --resume goes on after step" in said
    assert "go on with: vidcap-run" in said
    [newest] = sorted((folder / "checkpoints").glob("step-*.pt"))[-1:]
    step = int(newest.stem.removeprefix("step-"))
    assert 0 < step < STEPS
    assert torch.load(newest, weights_only=True)["progress"]["step"] == step


def test_a_file_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: object) -> None:  # as Lustre does where it is mounted without -o flock
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(UserError, match=r"without locks \(flock\): Function not implemented"):
        Lock(tmp_path / "lock")


def test_random_states_go_on_where_there_is_no_gpu() -> None:
    torch.manual_seed(3)
    before = {**state.random_state(), "cuda": torch.zeros(16, dtype=torch.uint8)}  # of a machine with one
    first = torch.rand(3)
    state.set_random_state(before)
    assert torch.equal(torch.rand(3), first)


def test_workers_by_default() -> None:
    assert data_workers(None, "cpu") == 0
    assert data_workers(3, "cpu") == data_workers(3, "cuda") == 3
    assert 1 <= data_workers(None, "cuda") <= 8


def command(config: Path, folder: Path) -> list[str]:
    run = [sys.executable, "-m", "vidcap_core.cli.run", str(config), "--work-dir", str(folder)]
    return [*run, "--device", "cpu"]


def write_config(folder: Path, **phase: int) -> Path:
    data = tiny.config(
        runtime={"batch": 4, "log_every": 1, "save_every": None},
        phases={"caption": {"losses": ["tokens"], **phase}},
        evaluate={"metrics": [], "best": None, "every": 0},
    )
    path = folder / "config.py"
    path.write_text("\n".join(f"{key} = {value!r}" for key, value in data.items()))
    return path


def scalars(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "scalars.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
