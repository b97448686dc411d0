"""What must not keep others out: slow uploads, idle connections, a full disk, a machine without open files."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="limits of processes")
pytest.importorskip("fastapi", reason="needs the extra 'serve'")

import resource

from serve.conftest import Server, form, until

from vidcap_core.cli.main import main
from vidcap_core.serve import settings

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="changes limits of a running process"
)


NO_MORE = 3
"""Open files of a process that can open no further one: those three it has from the start."""


@pytest.fixture(scope="module")
def server(served_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server([served_run], tmp_path_factory.mktemp("server"), "--queue", "1")
    yield running
    running.stop()


def connected(server: Server) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=60)


def head(kind: str, length: str = "Content-Length: 1000000") -> bytes:
    lines = ("POST /api/captions HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", length)
    return "\r\n".join((*lines, "", "")).encode()


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@contextlib.contextmanager
def limited(server: Server, kind: int, most: int) -> Iterator[None]:
    """Meanwhile the running server has less of something."""
    before = resource.prlimit(server.process.pid, kind)
    resource.prlimit(server.process.pid, kind, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, kind, before)


def test_five_slow_uploads_keep_nobody_out_and_are_ended(server: Server, toy_clip: Path) -> None:
    body, kind = form(toy_clip.read_bytes() + bytes(900_000), "slow.mp4")
    began = time.monotonic()
    slow = [connected(server) for _ in range(5)]
    for connection in slow:
        connection.sendall(head(kind) + body[:100])
    said = server.wait(server.send(toy_clip.read_bytes()))
    assert said["state"] == "done"
    at = 100
    while time.monotonic() < began + settings.START + 5 and at < 400:
        for connection in slow:
            with contextlib.suppress(ConnectionError):
                connection.sendall(body[at : at + 1])
        at += 1
        time.sleep(0.2)
    for connection in slow:
        told = answer(connection)
        assert b"408" in told.split(b"\r\n")[0], told
        assert b"less than 16 kB a second" in told
        connection.close()
    assert time.monotonic() - began < settings.START + 15


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n"]
)
def test_a_connection_without_a_request_is_closed(server: Server, sent: bytes) -> None:
    with connected(server) as connection:
        began = time.monotonic()
        connection.sendall(sent)
        ended = False
        while not ended and time.monotonic() < began + settings.HEAD + 10:
            try:
                connection.sendall(sent and b"x")
                connection.settimeout(0.5)
                ended = connection.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
        assert settings.HEAD - 2 < time.monotonic() - began < settings.HEAD + 5


def test_a_body_that_nobody_reads_may_not_drip_for_ever(server: Server) -> None:
    with connected(server) as connection:
        began, ended = time.monotonic(), False
        connection.sendall(head("text/plain").replace(b"/api/captions", b"/api/models"))
        while not ended and time.monotonic() < began + settings.HEAD + 10:
            try:
                connection.sendall(b"x")
                time.sleep(0.5)
            except ConnectionError:
                ended = True
        assert ended


def test_more_connections_than_there_may_be(server: Server) -> None:
    held = [connected(server) for _ in range(settings.CONNECTIONS + 40)]
    for connection in held:
        connection.settimeout(settings.HEAD + 10)
    assert answer(held[-1]) == b""
    assert server.process.poll() is None
    for connection in held:
        connection.close()
    until(lambda: _status(server) == 200, 20)


def _status(server: Server) -> int:
    with contextlib.suppress(ConnectionError):
        return server.ask("GET", "/api/models").status
    return 0


def test_a_full_disk_while_a_form_comes_in(server: Server, toy_clip: Path) -> None:
    """A file may not grow here, as on a full disk: the form's own temporary file is the first to hear of it."""
    with limited(server, resource.RLIMIT_FSIZE, 1_200_000):
        refused = server.send(toy_clip.read_bytes() + bytes(3_000_000))
    assert refused.status == 507, refused.body
    assert refused.json["what"] == "the server has no room for this upload"
    assert server.wait(server.send(toy_clip.read_bytes()))["state"] == "done"
    assert server.uploads() == []


def test_a_worker_that_cannot_start_again_fails_the_job_and_is_tried_again(
    server: Server, clip_of: Callable[..., bytes], toy_clip: Path
) -> None:
    until(lambda: len(server.workers()) == 1, 180)
    first = server.send(clip_of("green"))
    server.wait(first, "working")
    second = server.send(toy_clip.read_bytes(), "second.mp4")
    assert second.status == 202
    with limited(server, resource.RLIMIT_NOFILE, NO_MORE):
        os.kill(server.workers()[0], signal.SIGKILL)
        until(lambda: "no captioning process can be started: Too many open files" in server.log, 60)
        time.sleep(0.5)
    assert server.wait(first)["state"] == "failed"
    said = server.wait(second, seconds=30)
    assert said["problem"]["what"] == "second.mp4: no captioning process can be started: Too many open files"
    until(lambda: len(server.workers()) == 1, 180)
    assert server.wait(server.send(toy_clip.read_bytes()))["state"] == "done"
    assert server.uploads() == []


def test_a_machine_without_open_files_says_so(server: Server, toy_clip: Path) -> None:
    """The request is there when the files run out; the first look at it needs some."""
    body, kind = form(toy_clip.read_bytes(), "clip.mp4")
    with connected(server) as connection:
        connection.sendall(head(kind, f"Content-Length: {len(body)}") + body[:-10])
        time.sleep(0.5)
        with limited(server, resource.RLIMIT_NOFILE, NO_MORE):
            connection.sendall(body[-10:])
            told = connection.recv(65536)
            while b"no more open files" not in told and (more := connection.recv(65536)):
                told += more
    assert b"503" in told.split(b"\r\n")[0], told
    assert b"no more open files" in told
    assert server.uploads() == []


@pytest.mark.parametrize("written", ["Multipart/Form-Data", "MULTIPART/FORM-DATA"])
def test_the_type_of_a_form_in_any_case(server: Server, toy_clip: Path, written: str) -> None:
    body, kind = form(toy_clip.read_bytes(), "clip.mp4")
    typed = kind.replace("multipart/form-data", written)
    said = server.wait(server.ask("POST", "/api/captions", body, {"Content-Type": typed}))
    assert said["state"] == "done"


@pytest.mark.parametrize("charset", ["undefined", "punycode", "rot13", "zlib_codec", "nonsense", "utf-7"])
def test_odd_character_sets_of_a_form(server: Server, charset: str) -> None:
    body, kind = form(b"no video", "ä.mp4", every="ß")
    refused = server.ask("POST", "/api/captions", body, {"Content-Type": f"{kind}; charset={charset}"})
    assert refused.status in (400, 415, 422), refused.body


def test_two_lengths_are_refused(server: Server, toy_clip: Path) -> None:
    """Of a request with both, a proxy before us may see another end than we do."""
    body, kind = form(toy_clip.read_bytes(), "clip.mp4")
    both = f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked"
    smuggled = b"0\r\n\r\nGET /api/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(server) as connection:
        connection.sendall(head(kind, both) + smuggled)
        told = answer(connection)
    assert told.startswith(b"HTTP/1.1 400"), told
    assert told.count(b"HTTP/1.1") == 1, "what came behind it is no request"


NONSENSE = [
    (("--max-duration", "nan"), "--max-duration nan: must be a number"),
    (("--max-duration", "inf"), "--max-duration inf: must be a number"),
    (("--timeout", "nan"), "--timeout nan: must be a number"),
    (("--timeout", "1e300"), "--timeout 1e+300: must be a number"),
    (("--max-duration", "-1"), "--max-duration must be at least 1"),
    (("--port", "99999"), "--port 99999: ports are 0 to 65535"),
    (("--port", "-1"), "--port -1: ports are 0 to 65535"),
    (("--host", "x" * 300), "it is no address"),
]


@pytest.mark.parametrize(("options", "said"), NONSENSE, ids=lambda value: " ".join(value)[:30])
def test_limits_and_addresses_that_make_no_sense(
    options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--model", "x", *options]) == 2
    assert said in capsys.readouterr().err
