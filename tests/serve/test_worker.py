"""What must not take the server down: crashes, kills, slow jobs, too many of them; and what is left behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from serve.conftest import Server, command_line, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds processes in /proc")


@pytest.fixture(scope="module")
def server(served_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server([served_run], tmp_path_factory.mktemp("server"), "--queue", "1")
    yield running
    running.stop()


@pytest.fixture
def works(server: Server, toy_clip: Path) -> Iterator[None]:
    """After whatever a test does, the same server captions the next video."""
    yield
    said = server.wait(server.send(toy_clip.read_bytes()))
    assert said["state"] == "done"
    assert said["caption"]["text"]
    assert server.uploads() == []


@pytest.mark.usefixtures("works")
def test_a_video_that_aborts_the_decoding_process(server: Server, clip_of: Callable[..., bytes]) -> None:
    (before,) = server.workers()
    said = server.wait(server.send(clip_of("red"), "red.mp4"))
    assert said["state"] == "failed"
    assert said["problem"]["what"].startswith("red.mp4: the process that worked on it broke down")
    until(lambda: server.workers() not in ([], [before]), 180)


@pytest.mark.usefixtures("works")
def test_a_process_that_is_killed_while_it_works(server: Server, clip_of: Callable[..., bytes]) -> None:
    answer = server.send(clip_of("green"))
    server.wait(answer, "working")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    assert server.wait(answer)["state"] == "failed"


@pytest.mark.usefixtures("works")
def test_a_process_that_is_killed_while_it_waits(server: Server) -> None:
    until(lambda: len(server.workers()) == 1, 180)
    os.kill(server.workers()[0], signal.SIGKILL)


@pytest.mark.usefixtures("works")
def test_a_full_line_says_when_to_come_back_and_a_deleted_job_makes_room(
    server: Server, clip_of: Callable[..., bytes], toy_clip: Path
) -> None:
    first = server.send(clip_of("green"))
    server.wait(first, "working")
    second = server.send(toy_clip.read_bytes())
    assert second.json["ahead"] == 1
    refused = server.send(toy_clip.read_bytes())
    assert refused.status == 503
    assert refused.json["what"].startswith("busy")
    assert 1 <= int(refused.headers["Retry-After"]) <= 120
    assert len(server.uploads()) == 2
    srt = server.ask("GET", f"{second.headers['Location']}/srt")
    assert (srt.status, srt.json["what"]) == (409, "the job is not done: it is waiting")

    assert server.ask("DELETE", first.headers["Location"]).status == 204
    assert server.wait(second)["state"] == "done"
    assert server.ask("GET", first.headers["Location"]).status == 404


def test_a_job_takes_no_longer_than_it_may(
    start: Callable[..., Server], served_run: Path, clip_of: Callable[..., bytes]
) -> None:
    server = start([served_run], "--timeout", "3")
    said = server.wait(server.send(clip_of("green"), "slow.mp4"))
    assert (said["state"], said["problem"]["what"]) == ("failed", "slow.mp4: took longer than 3 s")
    assert server.uploads() == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_nothing_is_left_behind(
    start: Callable[..., Server], served_run: Path, clip_of: Callable[..., bytes], how: signal.Signals
) -> None:
    """Not even by a server that is killed, while a job is at work: the worker sees it and tidies up."""
    server = start([served_run])
    server.wait(server.send(clip_of("green")), "working")
    (worker,) = server.workers()
    assert len(server.uploads()) == 1
    server.stop(how)
    until(lambda: list(server.temporary.iterdir()) == [] and not command_line(worker), 20)


def test_a_start_removes_what_servers_left_that_were_killed_with_their_workers(
    tmp_path: Path, monkeypatch: Any
) -> None:
    from vidcap_core.serve import scratch

    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    held = scratch.Scratch()
    left = tmp_path / f"{scratch.PREFIX}left"
    left.mkdir()
    (left / scratch.LOCK).touch()
    (left / "video.mp4").write_bytes(b"x")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(left, elsewhere)
    (tmp_path / f"{scratch.PREFIX}link").symlink_to(elsewhere)
    fresh = scratch.Scratch()
    assert not left.exists()
    assert held.folder.is_dir(), "its server still runs"
    assert (elsewhere / "video.mp4").is_file()
    assert fresh.folder.stat().st_mode & 0o077 == 0
    for folder in (held, fresh):
        folder.remove()
        assert not folder.folder.exists()
