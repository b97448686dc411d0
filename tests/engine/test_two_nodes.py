"""`torchrun --nnodes 2`: two agents that know each other by an address only train as one machine does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_core.testing import tiny

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
TOLERANCE = 2e-4  # as of two processes on one machine


def loss(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    return [line["loss/tokens"] for line in lines if "loss/tokens" in line]


@pytest.mark.slow
def test_two_nodes_equal_one(tmp_path: Path) -> None:
    changes = {
        "head": {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.0},
        "data": {s: {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 7} for s in ("train", "val")},
        "runtime": {"batch": 4, "log_every": 1},
        "optimizer": {"type": "SGD", "lr": 0.5},
        "losses": {"tokens": {"type": "TokenLoss"}},
    }
    config = tmp_path / "c.py"
    data = tiny.config(**changes, phases={"caption": {"epochs": 3, "losses": ["tokens"]}})
    config.write_text("\n".join(f"{key} = {value!r}" for key, value in data.items()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torchrun = ["-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
    torchrun += ["--master-addr", "127.0.0.1", "--master-port", str(port)]
    train = ["-m", "vidcap_core.cli.run", str(config), "--device", "cpu", "--work-dir"]
    agents = [
        subprocess.Popen(
            [sys.executable, *torchrun, "--node-rank", str(rank), *train, str(tmp_path / "two")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        for rank in range(2)
    ]
    told = [agent.communicate(timeout=600)[1] for agent in agents]
    assert [agent.returncode for agent in agents] == [0, 0], told
    subprocess.run([sys.executable, *train, str(tmp_path / "one")], check=True, env=ENVIRONMENT, timeout=600)
    assert len(loss(tmp_path / "one")) >= 3
    assert loss(tmp_path / "two") == pytest.approx(loss(tmp_path / "one"), abs=TOLERANCE)
    predictions = [
        json.loads((tmp_path / name / "predictions-val.json").read_text()) for name in ("one", "two")
    ]
    assert [[each["id"] for each in of] for of in predictions] == [[f"clip{i}" for i in range(7)]] * 2
