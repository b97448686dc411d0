"""Requests to a started server that are malformed, too large, or not what they say."""

# ruff: noqa: E501 (tables of what is sent are easier to read in long lines)

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from attacks.attempt import CODE_RAN, INTERNAL, WRONG, Row
from serve.conftest import Server, form

HOST = b"Host: 127.0.0.1\r\n"


def raw() -> Iterator[tuple[str, bytes]]:
    """What goes over the line."""
    for number, line in enumerate(
        [
            b"GET",
            b"GET /",
            b"\x00\x01\x02",
            b"GET / HTTP/9.9",
            b"GET  / HTTP/1.1",
            b"G\xffT / HTTP/1.1",
            b"",
            b"A" * 70_000,
        ]
    ):
        yield f"line {number}", line + b"\r\n" + HOST + b"\r\n"
    for path in (
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/../../../etc/passwd", "//etc/passwd", "/%00", "/%ff",
        "/api/captions/../models", "/api/captions/x", "/api/captions/%2e%2e", "/api/captions/x/srt", "/api/captions/x/y/z",
        "/api/captions/" + "a" * 5000, "/?" + "a=b&" * 5000, "/openapi.json/..", "/docs", "/.git/config", "/api/captions/'--",
    ):  # fmt: skip
        yield (
            f"get {path[:40]}",
            b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        )
    for method in (b"PUT", b"PATCH", b"TRACE", b"CONNECT", b"DELETE", b"OPTIONS", b"EVIL"):
        yield (
            f"method {method.decode()}",
            method + b" /api/captions HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        )
    for header in (
        b"Content-Length: -1", b"Content-Length: x", b"Content-Length: 99999999999999999999", b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: evil", b"Content-Type: multipart/form-data",
        b"Content-Type: multipart/form-data; boundary=", b"Content-Type: application/json\r\nContent-Length: 2", b"Host: evil.example",
        b"Origin: http://evil.example\r\nContent-Length: 0", b"X: " + b"a" * 70_000, b"Cookie: \xff\xfe", b"Expect: 200-maybe",
    ):  # fmt: skip
        name = header[:30].decode("latin-1")
        yield (
            f"post {name}",
            b"POST /api/captions HTTP/1.1\r\n" + HOST + header + b"\r\nConnection: close\r\n\r\nabc",
        )
    for header in (
        b"Range: bytes=0-", b"Range: bytes=" + b"0-1," * 8000, b"Range: bytes=9223372036854775807-18446744073709551616",
        b"Range: evil", b"If-Range: x\r\nRange: bytes=5-1", b"Accept-Encoding: " + b"gzip;q=nan," * 1000,
    ):  # fmt: skip
        for path in (b"/", b"/static/serve.js", b"/static/../static/serve.js"):
            yield (
                f"range {header[:20].decode()} {path.decode()}",
                b"GET " + path + b" HTTP/1.1\r\n" + HOST + header + b"\r\nConnection: close\r\n\r\n",
            )
    for name, fields in {
        "model": {"model": "../../x"}, "every": {"every": "nan"}, "tiny": {"every": "1e-9"}, "many": {f"f{i}": "" for i in range(2000)},
        "long": {"model": "m" * 100_000}, "none": {"every": ""},
    }.items():  # fmt: skip
        yield f"form {name}", _posted(b"no video", "clip.mp4", **fields)
    for name in (
        "../../evil.mp4",
        "a\r\nX: y.mp4",
        "<script>.mp4",
        "\x00.mp4",
        "x" * 5000,
        "",
        ".mp4",
        "a.html",
    ):
        yield f"file {name[:20]!r}", _posted(b"#EXTM3U\nfile:///etc/passwd\n", name)
    whole = _posted(b"x" * 1000, "clip.mp4")
    for share in (30, 60, 90):
        yield f"half {share}", whole[: len(whole) * share // 100]


def _posted(content: bytes, name: str, **fields: str) -> bytes:
    body, kind = form(content, name, **fields)
    head = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return b"POST /api/captions HTTP/1.1\r\n" + HOST + head.encode() + body


def asked(server: Server) -> Row:
    """All of them; after each the server must still answer."""
    row = Row("requests to `serve`")
    for name, request in raw():
        row.tried += 1
        answer = _sent(server, request, name.startswith(("half", "line")))
        status = int(answer[9:12]) if answer[9:12].isdigit() else 0
        if b"root:" in answer:
            row.failed.append(f"{name}: {CODE_RAN}, or a file was given away")
            row.code_ran += 1
        elif status == 500 or b"Traceback" in answer:
            row.failed.append(f"{name}: {INTERNAL}: {answer[:200]!r}")
            row.internal += 1
        elif name.startswith(("form", "file")) and not 400 <= status < 500 and status != 202:
            row.failed.append(f"{name}: {WRONG}: {answer[:100]!r}")
            row.wrong += 1
        if server.process.poll() is not None or server.ask("GET", "/api/models").status != 200:
            row.failed.append(f"{name}: the server is gone")
            return row
    if "Traceback" in server.log:
        row.failed.append(f"{INTERNAL}: {server.log[-500:]}")
        row.internal += 1
    row.peak = _peak([server.process.pid, *server.workers()])
    return row


def _sent(server: Server, request: bytes, ends: bool) -> bytes:
    """What is answered; `ends`: the sender closes its side, as one that has gone does."""
    with socket.create_connection((server.host, server.port), timeout=10) as line:
        try:
            line.sendall(request)
            if ends:
                line.shutdown(socket.SHUT_WR)
            return line.recv(100_000)
        except (TimeoutError, ConnectionError):
            return b""


def _peak(processes: list[int]) -> float:
    """Peak memory of processes in MiB, added up."""
    lines = [Path(f"/proc/{process}/status").read_text() for process in processes]
    return sum(int(text.partition("VmHWM:")[2].split()[0]) for text in lines) / 1024
