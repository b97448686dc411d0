"""Whose turn it is: two drivers that do the same files would do everything twice."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from types import TracebackType
from typing import Any

from vidcap_core.errors import UserError
from vidcap_core.files.json_text import loads
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.share import Share
from vidcap_metrics.files.lock import Lock

DRIVERS = "drivers"
BEAT, DEAD = 60.0, 600.0
"""Seconds between two signs of life in an object store, and after which a driver without one is taken for dead."""
NAME = re.compile(r"\.?(\d+)-of-(\d+)\.(?:lock|json)")


class Turn:
    """This process's share of a job, kept from others until it ends, however it ends.

    On a disk the system's locks say who is alive. In an object store a driver leaves a sign of life each minute; there
    two that begin in the same second may both go on, and do files twice: `vidcap job merge` takes each file once.
    """

    def __init__(self, output: Output, share: Share, inputs: int) -> None:
        self._output, self.share = output, share
        self._ended = threading.Event()
        self._lock: Lock | None = None
        self._facts = {"host": socket.gethostname(), "pid": os.getpid(), "inputs": inputs}
        if output.here is not None:
            self._lock = self._locked()
        else:
            self._look()
        self._sign()
        if output.here is None:
            threading.Thread(target=self._live, daemon=True).start()

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._lock is not None:
            self._lock.release()
        else:
            self._facts["ended"] = 1
            self._sign()

    def _locked(self) -> Lock:
        assert self._output.here is not None
        folder = self._output.here / DRIVERS
        folder.mkdir(parents=True, exist_ok=True)
        mine = folder / f".{self.share}.lock"
        for file in folder.glob(".*.lock"):
            if file != mine and self._overlaps(file.name):
                try:
                    Lock(file).release()
                except BlockingIOError as error:
                    raise self._taken(file.name.strip(".").removesuffix(".lock")) from error
        try:
            return Lock(mine)
        except BlockingIOError as error:
            raise self._taken(str(self.share)) from error

    def _overlaps(self, name: str) -> bool:
        """Whether another driver may do files of this one: all shares of another count may."""
        match = NAME.fullmatch(name)
        return match is not None and (int(match[2]) != self.share.count or int(match[1]) == self.share.index)

    def _look(self) -> None:
        for name in self._output.names(DRIVERS):
            if not self._overlaps(name) or (content := self._output.get(f"{DRIVERS}/{name}")) is None:
                continue
            try:
                other: dict[str, Any] = loads(content)
                age = time.time() - float(other["beat"])
                here, process = other["host"] == self._facts["host"], int(other["pid"])
            except (ValueError, KeyError, TypeError):
                continue  # half a sign is none
            if not other.get("ended") and age < DEAD and not (here and _dead(process)):
                raise self._taken(name.removesuffix(".json"), f" ({other['host']}, process {process})")

    def _taken(self, share: str, who: str = "") -> UserError:
        return UserError(
            f"another driver, of shard {share.replace('-of-', '/')}, writes into {self._output}{who}",
            hint="wait for it, another --out, or shares of one count: --shard 0/2 and --shard 1/2",
        )

    def _sign(self) -> None:
        facts = {**self._facts, "beat": time.time()}
        self._output.put(f"{DRIVERS}/{self.share}.json", json.dumps(facts).encode())

    def _live(self) -> None:
        while not self._ended.wait(BEAT):
            self._sign()


def _dead(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
