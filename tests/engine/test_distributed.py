"""Two processes on the CPU learn what one learns from the same global batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from two_processes import Job, in_two

from vidcap_core import train
from vidcap_core.config.files import load_config
from vidcap_core.testing import tiny

TOLERANCE = 2e-4


def write_config(path: Path, **changes: Any) -> Path:
    data = tiny.config(**changes)
    path.write_text("\n".join(f"{key} = {value!r}" for key, value in data.items()))
    return path


def curve(folder: Path, name: str) -> list[float]:
    lines = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    return [line[name] for line in lines if name in line]


TOKENS = {"tokens": {"type": "TokenLoss"}}
FRAMES = {"kind": "uniform", "count": 4, "short_side": 24}
TOY = {"type": "Toy", "size": "small", "frames": FRAMES, "unit": "clip"}
KEPT = {
    "encoders": {"video": {"type": "frozen_parts:Pixels"}},
    "head": {"type": "MeanPoolGRU", "streams": {"video": 8}, "width": 8, "dropout": 0.0},
    "data": {"train": {**TOY, "split": "train", "limit": 6}, "val": {**TOY, "split": "val", "limit": 2}},
    "phases": {
        "frozen": {"epochs": 3, "losses": ["tokens"], "freeze": ["encoders.video"], "cache": ["video"]}
    },
    "evaluate": {"every": 0, "metrics": ["cider-d"], "best": None},
}
"""Features of a frozen encoder, of which each process makes a share."""
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
    "kept features": {**KEPT, "runtime": {"batch": 2, "log_every": 1}},
    "sharded, kept features": {**KEPT, "runtime": {"batch": 2, "log_every": 1, "strategy": "fsdp"}},
    "clip mean": {"losses": {"tokens": {"type": "TokenLoss", "reduce": "clip"}}},
}


RESUMED = {
    "data": {s: {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 8} for s in ("train", "val")},
    "optimizer": {"type": "AdamW", "lr": 0.01},
    "phases": {"caption": {"steps": 6, "losses": ["tokens"]}},
}
STRATEGIES = ("ddp", "fsdp")


def changes(case: str) -> dict[str, Any]:
    """What is not as in every tiny config."""
    return {
        "head": {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.0},
        "data": {s: {"type": "vidcap_core.testing.tiny:TinyClips", "clips": 7} for s in ("train", "val")},
        "runtime": {"batch": 4, "log_every": 1},
        "optimizer": {"type": "SGD", "lr": 0.5},
        "phases": {"caption": {"epochs": 3, "losses": ["tokens"]}},
        "losses": TOKENS,
        **CASES[case],
    }


@dataclass(frozen=True)
class Runs:
    """A folder with `CASE/one`, `CASE/two`, `STRATEGY/one` and `STRATEGY/two`, and what went wrong in two processes."""

    folder: Path
    wrong: dict[str, str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All cases by one process, this one, and then by one pair of processes."""
    folder = tmp_path_factory.mktemp("runs")
    jobs: dict[str, Job] = {}
    for case in CASES:
        config = write_config(folder / f"{len(jobs)}.py", **changes(case))
        train(load_config(config), work_dir=folder / case / "one", device="cpu", quiet=True)
        jobs[case] = Job(str(config), str(folder / case / "two"))
    for strategy in STRATEGIES:
        runtime = {"batch": 4, "log_every": 1, "strategy": strategy}
        config = write_config(
            folder / f"{strategy}.py", **{**changes("token mean"), **RESUMED, "runtime": runtime}
        )
        train(load_config(config), work_dir=folder / strategy / "one", device="cpu", quiet=True)
        stopped = load_config(config, ["runtime.max_time=0"])
        train(stopped, work_dir=folder / strategy / "two", device="cpu", quiet=True)
        assert len(curve(folder / strategy / "two", "loss/tokens")) < 6
        jobs[strategy] = Job(str(config), str(folder / strategy / "two"), force_resume=True)
    return Runs(folder, dict(zip(jobs, in_two(list(jobs.values()), folder), strict=True)))


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case: str, runs: Runs) -> None:
    assert not runs.wrong[case]
    made = changes(case)
    loss = f"loss/{next(iter(made['losses']))}"
    folder = runs.folder / case
    one, two = curve(folder / "one", loss), curve(folder / "two", loss)
    assert len(one) >= 3
    assert one == pytest.approx(two, abs=TOLERANCE)
    predictions = [json.loads((folder / n / "predictions-val.json").read_text()) for n in ("one", "two")]
    ids = [[p["id"] for p in ps] for ps in predictions]
    scored = made["data"]["val"]  # an odd number over two processes: each exactly once
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0]) == scored.get("clips", scored.get("limit"))
    if "cache" in next(iter(made["phases"].values())):
        assert all("6 clips encoded" in (folder / n / "log.txt").read_text() for n in ("one", "two"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_run_goes_on_with_another_number_of_processes(strategy: str, runs: Runs) -> None:
    assert not runs.wrong[strategy]
    folder = runs.folder / strategy
    said = (folder / "two" / "log.txt").read_text()
    assert "resumed with another number of processes than 1: not bit for bit" in said
    one, two = (curve(folder / name, "loss/tokens") for name in ("one", "two"))
    assert len(one) == 6
    assert two == pytest.approx(one, abs=1e-5)


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    """The command itself with `--nproc 2`."""
    config = write_config(tmp_path / "c.py", runtime={"batch": 3})
    command = [sys.executable, "-m", "vidcap_core.cli.run", str(config), "--work-dir", str(tmp_path / "run")]
    done = subprocess.run(
        [*command, "--device", "cpu", "--nproc", "2"],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode != 0
    assert "cannot be shared evenly by 2 processes" in done.stderr
