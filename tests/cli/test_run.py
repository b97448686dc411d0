"""`vidcap-run` in real processes, on clips that train in a second."""

from __future__ import annotations

import html
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONFIG = "from vidcap_core.testing import tiny\nglobals().update(tiny.config())\n"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "tiny.py").write_text(CONFIG)
    return subprocess.Popen(
        [sys.executable, "-m", "vidcap_core.cli.run", "tiny.py", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the run `runs/tiny` was trained."""
    folder = tmp_path_factory.mktemp("trained")
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time."""
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_a_run_leaves_scores_predictions_and_its_config(trained: Path) -> None:
    folder = trained / "runs" / "tiny"
    assert json.loads((folder / "config.json").read_text())["head"]["type"] == "MeanPoolGRU"
    assert json.loads((folder / "scores-val.json").read_text())["values"]
    assert len(json.loads((folder / "predictions-val.json").read_text())) == 8


def test_streams_that_clips_lacked_are_told(trained: Path, tmp_path: Path) -> None:
    """A data set whose last three clips have no rows: said on the terminal and on the page."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    (tmp_path / "holes.py").write_text(
        "import numpy as np\n"
        "from vidcap_core.testing.tiny import TinyClips\n\n"
        "class Holes(TinyClips):\n"
        "    def get(self, index, rng):\n"
        "        sample = super().get(index, rng)\n"
        "        if index > 4:\n"
        "            sample.streams['image'] = np.zeros((0, 16), np.float32)\n"
        "        return sample\n"
    )
    done = run(tmp_path, "test", "--split", "val", "--set", "data.val.type=holes:Holes")
    assert done.returncode == 0, done.stderr
    told = "the stream 'image' was missing in 3 of 8 clips"
    assert told in done.stdout
    assert html.escape(told) in (tmp_path / "runs" / "tiny" / "report-val.html").read_text()


def test_a_second_run_does_not_overwrite_the_first(trained: Path) -> None:
    before = files(trained / "runs")
    done = run(trained)
    assert done.returncode == 2
    assert "holds a run already" in done.stderr
    assert "--resume" in done.stderr
    assert files(trained / "runs") == before


def test_the_work_dir_of_another_config_is_refused(trained: Path) -> None:
    before = files(trained / "runs")
    done = run(trained, "--resume", "--set", "head.width=32")
    assert done.returncode == 2
    assert "head.width: 16 -> 32" in done.stderr
    assert files(trained / "runs") == before


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    done = run(tmp_path, "--work-dir", "mine")
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert (
        done.stderr.count(
            "note: a bundle of this run cannot caption files: no `extract` for 'image'\n  try: "
        )
        == 1
    )
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_work_dir_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path, "--work-dir", "file/run")
    assert done.returncode == 2
    assert "cannot write to file/run" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("task", ["test", "predict"])
def test_testing_what_was_never_trained_says_what_to_type(tmp_path: Path, task: str) -> None:
    done = run(tmp_path, task, "--split", "val")
    assert done.returncode == 2
    assert "holds no run" in done.stderr
    assert "vidcap-run tiny.py train" in done.stderr
    assert "note: " not in done.stderr


def test_test_and_predict_use_the_run(trained: Path) -> None:
    folder = trained / "runs" / "tiny"
    (folder / "scores-val.json").unlink()
    done = run(trained, "test", "--split", "val")
    assert done.returncode == 0, done.stderr
    assert (folder / "scores-val.json").is_file()
    (folder / "predictions-val.json").unlink()
    done = run(trained, "predict", "--split", "val")
    assert done.returncode == 0
    assert "predictions: runs/tiny/predictions-val.json" in done.stderr
    assert (folder / "predictions-val.json").is_file()
    done = run(trained, "test", "--split", "tset")
    assert done.returncode == 2
    assert "data has no 'tset'" in done.stderr


def test_seed_and_amp_are_short_for_set(tmp_path: Path) -> None:
    assert run(tmp_path, "--seed", "7", "--amp", "--set", "phases.caption.epochs=1").returncode == 0
    config = json.loads((tmp_path / "runs" / "tiny" / "config.json").read_text())
    assert config["seed"] == 7
    assert config["runtime"]["amp"] == "bf16"


def test_an_interrupted_run_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    process = start(
        tmp_path,
        "--set",
        "phases.caption.epochs=400",
        "--set",
        "evaluate.every=0",
        "--set",
        "runtime.save_every=20",
    )
    checkpoints = tmp_path / "runs" / "tiny" / "checkpoints"
    deadline = time.monotonic() + 60
    while not list(checkpoints.glob("step-*.pt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.rstrip().splitlines()[-1].startswith("interrupted; go on with: vidcap-run tiny.py")
    assert "--resume" in err
    assert "Traceback" not in err
    words = err.rstrip().splitlines()[-1].split("vidcap-run tiny.py ")[1].split()
    done = run(tmp_path, *words, "--set", "runtime.max_time=0.001")
    assert done.returncode == 0, done.stderr
    assert "going on after step" in done.stderr + done.stdout


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so --device cuda is no mistake")
    done = run(tmp_path, "--device", "cuda")
    assert done.returncode == 2
    assert "no GPU that torch can use" in done.stderr
    assert "--device cpu" in done.stderr
