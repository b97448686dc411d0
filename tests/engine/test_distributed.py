"""Two processes on the CPU learn what one learns from the same global batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vidcap_core import train
from vidcap_core.config.files import load_config
from vidcap_core.testing import tiny

TOLERANCE = 2e-4
PARTS = str(Path(__file__).resolve().parent.parent)  # where distributed_parts lies
PATHS = os.pathsep.join(filter(None, [PARTS, os.environ.get("PYTHONPATH")]))
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS}


def write_config(path: Path, **changes: Any) -> Path:
    data = tiny.config(**changes)
    path.write_text("\n".join(f"{key} = {value!r}" for key, value in data.items()))
    return path


def curve(folder: Path, name: str) -> list[float]:
    lines = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    return [line[name] for line in lines if name in line]


def run(config: Path, folder: Path, nproc: int, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "vidcap_core.cli.run",
        str(config),
        "--work-dir",
        str(folder),
        "--device",
        "cpu",
        *options,
    ]
    if nproc > 1:
        command += ["--nproc", str(nproc)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=ENVIRONMENT)


TOKENS = {"tokens": {"type": "TokenLoss"}}
CASES: dict[str, dict[str, Any]] = {
    "token mean": {"losses": TOKENS},
    "accumulation": {"losses": TOKENS, "runtime": {"batch": 4, "accumulate": 2, "log_every": 1}},
    "sharded (experimental)": {"losses": TOKENS, "runtime": {"batch": 4, "log_every": 1, "strategy": "fsdp"}},
    "sharded block by block": {
        "head": {
            "type": "SmallTransformer",
            "streams": {"image": 16},
            "width": 16,
            "heads": 2,
            "layers": 2,
            "dropout": 0.0,
        },
        "losses": TOKENS,
        "runtime": {"batch": 4, "log_every": 1, "strategy": "fsdp"},
    },
    "sharded, an odd clip to score": {
        "losses": TOKENS,
        "runtime": {"batch": 4, "log_every": 1, "strategy": "fsdp"},
        "data": {
            "train": {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 7},
            "val": {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 1},
        },
        "evaluate": {"metrics": ["rouge"], "best": "ROUGE-L"},
    },
    "negatives of all processes": {
        "head": {"type": "distributed_parts:Pairs", "width": 8},
        "losses": {"match": {"type": "InfoNCE"}},
        "phases": {"align": {"epochs": 3, "losses": ["match"], "best": False}},
    },
    "clip mean": {"losses": {"tokens": {"type": "TokenLoss", "reduce": "clip"}}},
}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case: str, tmp_path: Path) -> None:
    changes = {
        "head": {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.0},
        "data": {s: {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 7} for s in ("train", "val")},
        "runtime": {"batch": 4, "log_every": 1},
        "optimizer": {"type": "SGD", "lr": 0.5},
        "phases": {"caption": {"epochs": 3, "losses": ["tokens"]}},
        **CASES[case],
    }
    config = write_config(tmp_path / "c.py", **changes)
    for nproc in (1, 2):
        done = run(config, tmp_path / str(nproc), nproc)
        assert done.returncode == 0, done.stderr[-2000:]
    loss = f"loss/{next(iter(changes['losses']))}"
    one, two = curve(tmp_path / "1", loss), curve(tmp_path / "2", loss)
    assert len(one) >= 3
    assert one == pytest.approx(two, abs=TOLERANCE)
    predictions = [json.loads((tmp_path / str(n) / "predictions-val.json").read_text()) for n in (1, 2)]
    ids = [[p["id"] for p in ps] for ps in predictions]
    scored = changes["data"]["val"]["clips"]  # an odd number over two processes: each exactly once
    assert ids[0] == ids[1] == [f"clip{i}" for i in range(scored)]


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path / "c.py", runtime={"batch": 3})
    done = run(config, tmp_path / "run", 2)
    assert done.returncode != 0
    assert "cannot be shared evenly by 2 processes" in done.stderr


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_run_goes_on_with_another_number_of_processes(strategy: str, tmp_path: Path) -> None:
    config = write_config(
        tmp_path / "c.py",
        head={"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.0},
        data={s: {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 8} for s in ("train", "val")},
        runtime={"batch": 4, "log_every": 1, "strategy": strategy},
        optimizer={"type": "AdamW", "lr": 0.01},
        phases={"caption": {"steps": 6, "losses": ["tokens"]}},
    )
    whole = train(load_config(config), work_dir=tmp_path / "whole", device="cpu", quiet=True)
    stopped = load_config(config, ["runtime.max_time=0"])
    train(stopped, work_dir=tmp_path / "run", device="cpu", quiet=True)
    assert len(curve(tmp_path / "run", "loss/tokens")) < 6
    done = run(config, tmp_path / "run", 2, "--force-resume")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "resumed with another number of processes than 1: not bit for bit" in done.stderr
    assert curve(tmp_path / "run", "loss/tokens") == pytest.approx(curve(whole.path, "loss/tokens"), abs=1e-5)
