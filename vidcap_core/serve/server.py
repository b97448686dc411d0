"""Start everything, serve, and leave nothing behind."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import webbrowser
from collections.abc import Callable

import uvicorn

from vidcap_core.errors import UserError
from vidcap_core.serve.app import build
from vidcap_core.serve.connection import Connection
from vidcap_core.serve.queue import Line
from vidcap_core.serve.scratch import Scratch
from vidcap_core.serve.settings import Settings
from vidcap_core.serve.worker import Worker

GRACE = 3
"""Seconds that open requests have when the server stops."""


def serve(settings: Settings, say: Callable[[str], None], open_page: bool = False) -> None:
    """Serve until Ctrl+C; `say` gets lines for whoever started it."""
    listening = _listen(settings.host, settings.port)
    if not _only_here(listening):
        say(
            f"warning: {settings.host} can be reached from other machines; whoever reaches it can upload videos and"
            " use this machine, and nobody is asked for a password"
        )
    scratch = Scratch()
    line: Line | None = None

    def end() -> None:
        if line is not None:
            line.close()
        scratch.remove()

    try:
        workers = [Worker(settings, str(scratch.folder)) for _ in range(settings.limits.workers)]
        line = Line(workers, settings.limits, lambda text: say(f"warning: {text}"))
        say(f"loading {', '.join(settings.models)} ...")
        workers[0].start()
        line.start()
        app = build(settings, line, scratch, workers[0].models, end)
        listening.listen()  # who reads the next line may connect at once
        url = _url(listening, settings.host)
        say(f"captions at {url} (Ctrl+C ends it)")
        if open_page:
            webbrowser.open(url)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        config = uvicorn.Config(
            app,
            http=Connection,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            ws="none",
            proxy_headers=False,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:  # also where loading was interrupted; a signal's second end of the process may not come here
        end()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket; before anything slow, so that a taken port is told at once."""
    if not 0 <= port <= 65535:
        raise UserError(f"--port {port}: ports are 0 to 65535", hint="--port 0 takes a free one")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        hint = "--port 0 takes a free one" if error.errno is not None else "--host 127.0.0.1"
        raise UserError(f"cannot listen at {host}, port {port}: {error.strerror}", hint=hint) from error
    except ValueError as error:  # a name that no name can be
        raise UserError(f"cannot listen at {host!r}: it is no address", hint="--host 127.0.0.1") from error
    return listening


def _only_here(listening: socket.socket) -> bool:
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def _url(listening: socket.socket, host: str) -> str:
    shown = "localhost" if host in ("0.0.0.0", "::", "") else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}/"
