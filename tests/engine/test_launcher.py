"""Several processes on this machine: Ctrl-C says one line, and none of them outlives its launcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="finds processes in /proc")


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of two processes that trains, in a group of its own, as a shell starts it."""
    line = [sys.executable, "-m", "vidcap_core.cli.run", "core/toy", "--nproc", "2", "--work-dir", "run"]
    line += ["--device", "cpu", "--set", "phases.caption.epochs=10000", "--set", "evaluate.every=10000"]
    log = (tmp_path / "log").open("w")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        line, cwd=tmp_path, stderr=log, stdout=log, text=True, env=environment, start_new_session=True
    )
    end = time.monotonic() + 300
    try:
        while not (tmp_path / "run" / "scalars.jsonl").is_file():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.2)
        yield process
    finally:
        for member in members(tmp_path):
            os.kill(member, signal.SIGKILL)
        process.wait()


def members(folder: Path) -> list[int]:
    """The processes that run in a folder: torchrun gives each a session of its own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # it has just ended, or is somebody else's
            continue
    return found


def test_processes_end_with_a_launcher_that_was_killed(
    launcher: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert len(members(tmp_path)) >= 3
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    end = time.monotonic() + 30
    while members(tmp_path):
        assert time.monotonic() < end, "its processes go on without it"
        time.sleep(0.2)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_an_interruption_is_one_line(
    launcher: subprocess.Popen[str], tmp_path: Path, how: signal.Signals
) -> None:
    """Ctrl-C goes to the whole group of the terminal; a polite kill to the launcher alone."""
    if how is signal.SIGINT:
        os.killpg(launcher.pid, how)
    else:
        os.kill(launcher.pid, how)
    assert launcher.wait(90) == 130
    said = (tmp_path / "log").read_text()
    assert said.count("interrupted; go on with: vidcap-run core/toy --nproc 2") == 1, said
    assert "internal error" not in said
    assert "Traceback" not in said
    assert members(tmp_path) == []
