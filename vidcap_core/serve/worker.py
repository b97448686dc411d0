"""The server's handle of one captioning process: start, ask, stop, start again."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from vidcap_core.errors import UserError
from vidcap_core.serve import worker_process
from vidcap_core.serve.job import Job
from vidcap_core.serve.settings import Settings
from vidcap_core.serve.words import Written

START = 600.0
"""Seconds that loading the models may take."""


class NotStarted(UserError):
    """The system would not start the process; the message holds nothing that a stranger must not read."""


class WorkerDied(Exception):
    """The process is gone: a crash, the system's memory guard, or somebody's kill."""


class TooSlow(Exception):
    """A job took longer than it may; its process was ended."""


class JobFailed(Exception):
    """The process goes on, and says why this job does not."""

    def __init__(self, problem: Mapping[str, str]) -> None:
        super().__init__(problem["what"])
        self.problem = problem


class Worker:
    """One process at a time; all is for one thread, but `kill` is for any."""

    def __init__(self, settings: Settings, scratch: str) -> None:
        self._settings, self._scratch = settings, scratch
        self._process: Any = None
        self._channel: Connection | None = None
        self.models: list[dict[str, Any]] = []

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """A new process with its models loaded."""
        self._stop()
        context = multiprocessing.get_context("spawn")  # a fork would carry the server's threads and sockets
        chosen = self._settings
        options = (tuple(chosen.without), tuple(chosen.changes))
        try:
            self._channel, other = context.Pipe()
            arguments = (other, dict(chosen.models), chosen.device, self._scratch, *options)
            process = context.Process(
                target=worker_process.main, args=arguments, name="vidcap-caption", daemon=True
            )
            process.start()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise NotStarted(
                f"no captioning process can be started: {reason}",
                hint="ulimit -n and -u, or fewer programs on this machine",
            ) from error
        self._process = process
        other.close()  # else the end of the process could not be seen on ours
        try:
            message = self._receive(time.monotonic() + START)
        except (WorkerDied, TooSlow) as error:
            raise UserError(
                "the captioning process ended while it loaded its models", hint="vidcap doctor"
            ) from error
        if "failed" in message:
            self._stop()
            raise UserError(message["failed"]["what"], hint=message["failed"]["hint"])
        self.models = message["ready"]

    def caption(self, job: Job) -> Mapping[str, Any]:
        """What the process made of a job, which hears meanwhile how far it is."""
        until = time.monotonic() + self._settings.limits.timeout
        assert self._channel is not None
        asked = {"path": str(job.path), "name": job.name, "model": job.model, "every": job.every}
        try:
            self._channel.send_bytes(json.dumps(asked).encode())
        except OSError as error:
            self._stop()
            raise WorkerDied from error
        while True:
            message = self._receive(until)
            if "step" in message:
                job.move(message["step"], message["progress"])
            elif "words" in message:
                job.words.tell(Written(**message["words"]))
            elif "failed" in message:
                raise JobFailed(message["failed"])
            else:
                return message["done"]  # type: ignore[no-any-return]

    def kill(self) -> None:
        """End the process, whatever it is doing; whoever waits for it hears `WorkerDied`."""
        if (process := self._process) is not None:
            process.kill()

    def _stop(self) -> None:
        self.kill()
        if self._process is not None:
            self._process.join()
            self._process = None

    def _receive(self, until: float) -> Any:
        assert self._channel is not None
        try:
            if not self._channel.poll(max(0.0, until - time.monotonic())):
                self._stop()
                raise TooSlow
            return json.loads(self._channel.recv_bytes())
        except (EOFError, OSError, ValueError) as error:
            self._stop()
            raise WorkerDied from error
