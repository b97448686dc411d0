"""One process at a time, with the locks of this system and with the calls that Windows has."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vidcap_metrics.files.lock import Lock

MSVCRT = '''
"""Windows' calls as its manual has them, by record locks, which lie on bytes as those of Windows do."""
import gc
import os
LK_UNLCK, LK_NBLCK = 0, 2
def locking(file, mode, size):
    try:
        os.lockf(file, {LK_UNLCK: os.F_ULOCK, LK_NBLCK: os.F_TLOCK}[mode], size)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None
'''

CHILD = """
import sys, time
from pathlib import Path
sys.modules["fcntl"] = None if {windows} else __import__("fcntl")
from vidcap_metrics.files.lock import Lock
try:
    with Lock(Path(sys.argv[1]), wait={wait}) as lock:
        print(lock.held, flush=True)
        {then}
except BlockingIOError:
    print("busy", flush=True)
"""

WINDOWS = pytest.mark.parametrize("windows", [False, True])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "msvcrt.py").write_text(MSVCRT)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "modules"), *filter(None, sys.path)])}


def code(windows: bool, wait: bool = False, then: str = "pass") -> list[str]:
    return [sys.executable, "-c", CHILD.format(windows=windows, wait=wait, then=then)]


def said(command: list[str], path: Path, environment: dict[str, str]) -> str:
    return subprocess.run(
        [*command, str(path)], env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@contextmanager
def holder(path: Path, environment: dict[str, str], windows: bool) -> Iterator[subprocess.Popen[str]]:
    command = [*code(windows, then="time.sleep(60)"), str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        try:
            yield process
        finally:
            process.kill()


@WINDOWS
def test_another_process_is_told_and_one_that_waits_gets_it_when_the_holder_is_killed(
    tmp_path: Path, environment: dict[str, str], windows: bool
) -> None:
    path = tmp_path / "lock"
    with holder(path, environment, windows) as process:
        assert said(code(windows), path, environment) == "busy"
        with subprocess.Popen(
            [*code(windows, wait=True), str(path)], env=environment, stdout=subprocess.PIPE, text=True
        ) as waiting:
            time.sleep(1)
            assert waiting.poll() is None
            process.kill()
            assert waiting.communicate(timeout=60)[0] == "True\n"
    assert said(code(windows), path, environment) == "True"


@WINDOWS
def test_it_is_free_after_its_release_though_the_process_goes_on(
    tmp_path: Path, environment: dict[str, str], windows: bool
) -> None:
    path = tmp_path / "lock"
    then = "lock.release(); lock.release(); print(lock.held, flush=True); time.sleep(60)"
    command = [*code(windows, then=then), str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["True\n", "False\n"]
        assert said(code(windows), path, environment) == "True"
        process.kill()


def test_where_there_are_no_locks_nobody_is_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fcntl", "msvcrt"):
        monkeypatch.setitem(sys.modules, name, None)
    with Lock(tmp_path / "lock") as first, Lock(tmp_path / "lock", wait=True) as second:
        assert (first.held, second.held) == (False, False)


def test_a_folder_that_takes_no_lock_is_another_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "none" / "lock")


def test_a_lock_that_is_forgotten_is_free(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        Lock(tmp_path / "lock")
    del lock
    gc.collect()
    with Lock(tmp_path / "lock") as lock:
        assert lock.held


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_worker_holds_no_lock(tmp_path: Path) -> None:
    """Or what was killed could not be resumed for as long as its workers do not notice."""
    lock = Lock(tmp_path / "lock")
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        with pytest.raises(BlockingIOError):
            Lock(tmp_path / "lock")
        lock._file.close()  # as the system does for a process that is killed: nobody lets go of the lock
        Lock(tmp_path / "lock").release()
    finally:
        os.write(done[1], b"x")
        os.waitpid(child, 0)
