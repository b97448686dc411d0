"""Two processes that want one run folder: one of them has it, and the other one changes nothing there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.config.files import Config
from vidcap_core.errors import UserError
from vidcap_core.saved import run as folders
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny

BUSY = "is at work on"
LONG = {
    "phases": {"caption": {"epochs": 100_000, "losses": ["tokens"]}},
    "evaluate": {"metrics": ["cider-d"]},
}


def start(
    home: Path, name: str, *words: str, env: dict[str, str] | None = None, **changes: Any
) -> subprocess.Popen[str]:
    """`vidcap-run` on a config of its own, in the run folder that all share."""
    path = home / f"{name}.py"
    path.write_text("\n".join(f"{key} = {value!r}" for key, value in tiny.config(**changes).items()))
    line = [
        sys.executable,
        "-m",
        "vidcap_core.cli.run",
        str(path),
        "--work-dir",
        str(home / "run"),
        "--device",
        "cpu",
    ]
    return subprocess.Popen(
        [*line, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )


def until_it_trains(process: subprocess.Popen[str], run: Path) -> None:
    end = time.monotonic() + 120
    while not (run / "scalars.jsonl").is_file():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def content(run: Path) -> dict[str, bytes]:
    """Of the files that say what a run is."""
    return {name: (run / f"{name}.json").read_bytes() for name in ("config", "meta", "tokenizer")}


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Path]:
    """A folder with a `run` that another process is training."""
    process = start(tmp_path, "first", **LONG)
    until_it_trains(process, tmp_path / "run")
    yield tmp_path
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("nproc", [1, 2])
def test_a_run_beside_a_running_one_changes_nothing(busy: Path, nproc: int) -> None:
    before = content(busy / "run")
    another = start(
        busy, "second", "--force-resume", "--nproc", str(nproc), optimizer={"type": "SGD", "lr": 0.5}
    )
    said = another.communicate(timeout=180)[1]
    assert another.returncode == 2, said
    assert BUSY in said
    assert content(busy / "run") == before


def test_where_nobody_watches_over_several_processes_all_of_them_end(busy: Path) -> None:
    """A cluster may start them itself: then no launcher ends the second one when the first is refused."""
    before = content(busy / "run")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
    }
    both = [
        start(busy, "second", "--resume", env={**shared, "RANK": rank, "LOCAL_RANK": rank}, **LONG)
        for rank in ("0", "1")
    ]
    try:
        said = [process.communicate(timeout=180)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [2, 2], said
    assert all(BUSY in text for text in said)
    assert content(busy / "run") == before


def test_of_two_fresh_starts_the_one_that_trains_wrote_the_config(tmp_path: Path) -> None:
    rates = {"one": 0.011, "two": 0.012, "three": 0.013}
    starts = {
        name: start(tmp_path, name, "--quiet", optimizer={"type": "Adam", "lr": rate})
        for name, rate in rates.items()
    }
    said = {name: process.communicate(timeout=300)[1] for name, process in starts.items()}
    winners = [name for name, process in starts.items() if process.returncode == 0]
    assert len(winners) == 1, said
    assert json.loads((tmp_path / "run" / "config.json").read_text())["optimizer"]["lr"] == rates[winners[0]]
    for name, process in starts.items():
        if name not in winners:
            assert process.returncode == 2
            assert BUSY in said[name] or "holds a run already" in said[name] or "meanwhile" in said[name]


def write(run: RunFolder, config: dict[str, Any], force: bool = False) -> None:
    folders.make_folder(
        run, Config("test", config), force, meta={"data": "a"}, tokenizer={"words": ["a" * 5000]}
    )


def test_a_config_that_cannot_be_written_whole_is_not_written(tmp_path: Path) -> None:
    """A full disk, as the limit on the size of a file is one: here it takes the config, but not the tokenizer."""
    resource = pytest.importorskip("resource")
    run = RunFolder(tmp_path / "run")
    with folders.locked(run):
        write(run, {"head": 1})
    before = content(run.path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before_signal = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with folders.locked(run), pytest.raises(UserError, match="cannot write to"):
            write(run, {"head": 2}, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before_signal)
    assert content(run.path) == before
    assert [path.name for path in run.path.iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize("left", [".lock", ".0123abcd.part"])
def test_what_a_start_that_was_killed_leaves_does_not_stand_in_the_way(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    folders.check_folder(RunFolder(tmp_path), Config("test", {}), resume=False, force=False)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="is not empty and holds no run"):
        folders.check_folder(RunFolder(tmp_path), Config("test", {}), resume=False, force=False)


def test_a_folder_is_free_when_its_process_is_gone(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    child = os.fork()
    if child == 0:
        stack = ExitStack()
        stack.enter_context(folders.locked(run))
        (tmp_path / "held").touch()
        time.sleep(60)
        os._exit(1)
    try:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        with pytest.raises(UserError, match=BUSY), folders.locked(run):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with folders.locked(run):
        pass


def test_without_locks_a_run_starts_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with folders.locked(RunFolder(tmp_path / "run")):
        assert (tmp_path / "run").is_dir()
