"""A base that is left out, with two processes: replicas, and (experimental) shares."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import saved_parts
import torch

from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.saved import checkpoint
from vidcap_core.testing import tiny

PLACES = os.pathsep.join(
    [str(Path(saved_parts.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
)


def config(model: str, strategy: str) -> dict[str, Any]:
    """Adapters in two phases, of which the second starts from a copy that leaves out the base."""
    phase: dict[str, Any] = {"epochs": 1, "losses": ["tokens"], "train": ["*.down.weight", "*.up.weight"]}
    return tiny.config(
        head={"type": "saved_parts:Adapted", "streams": {"image": 16}, "lm": model},
        tokenizer={"type": "HFTokenizer", "name": model},
        phases={"one": {**phase, "keep": "first"}, "two": {**phase, "start_from": "first"}},
        optimizer={"type": "SGD", "lr": 0.02},
        runtime={"batch": 4, "log_every": 1, "save": "trained", "strategy": strategy},
    )


def last(run: Path) -> dict[str, Any]:
    content, _ = checkpoint.latest(run / "checkpoints")
    assert content is not None
    return content


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_parts.model_folder(tmp_path_factory.mktemp("model"), width=32, dropout=0.0)


@pytest.fixture(scope="module")
def alone(model: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = tmp_path_factory.mktemp("alone") / "run"
    runs.train(Config("test", config(model, "ddp")), work_dir=run, device="cpu", quiet=True)
    return last(run)


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_store_what_one_stores(
    strategy: str, model: str, alone: dict[str, Any], tmp_path: Path
) -> None:
    file, run = tmp_path / "mine.py", tmp_path / "run"
    file.write_text("\n".join(f"{key} = {value!r}" for key, value in config(model, strategy).items()))
    words = [str(file), "--work-dir", str(run), "--device", "cpu", "--nproc", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "vidcap_core.cli.run", *words],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": PLACES},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    together = last(run)
    assert together["base"] == alone["base"]
    assert together["weights"].keys() == alone["weights"].keys()
    for name, value in alone["weights"].items():
        assert torch.allclose(value, together["weights"][name], atol=1e-4), name
