"""A cluster of Ray: one that runs, or one that is begun here; and work in parts small enough to be lost."""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from vidcap_core.errors import UserError, in_a_line

TASKS, SMALLEST = 2048, 4
"""Decoding tasks of a job, and files of the smallest: the cluster's books grow with tasks, what is lost with files."""
DECODING, CAPTIONING = 0.5, 0.25
"""of a processor, as Ray books them: each waits for the other, and actors must leave room for tasks."""
PATIENCE = 10.0
"""Seconds for a cluster to answer."""


def parts_of(sources: Sequence[object]) -> list[Any]:
    """Tables of Arrow, each what a task decodes: the number and the pickled name of each file or clip."""
    import pyarrow as pa

    size = max(SMALLEST, -(-len(sources) // TASKS))
    return [
        pa.table(
            {
                "index": range(first, min(first + size, len(sources))),
                "source": [pickle.dumps(source) for source in sources[first : first + size]],
            }
        )
        for first in range(0, len(sources), size)
    ]


@contextmanager
def cluster(address: str | None) -> Iterator[ModuleType]:
    """Ray Data, on a cluster that runs, or on one that is begun here and ends here."""
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # read when Ray is imported
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError as error:
        raise UserError(
            f"--engine ray needs Ray, which is not installed: {error}",
            hint="pip install 'vidcap-core[ray]'; or without --engine: on this machine alone",
        ) from error
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    try:
        _check_there(address)
        if address is None:
            _begin(ray, quiet)
        else:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # of many kinds: no cluster, another Python or Ray there, no memory
        where = f"the cluster at '{address}'" if address else "a cluster on this machine"
        raise UserError(
            f"{where} cannot be used: {in_a_line(error)[:500]}",
            hint="ray status, and the same versions of Python and Ray on all machines; "
            "without --address one is begun here",
        ) from error
    try:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        settings = ray.data.DataContext.get_current()
        settings.enable_progress_bars = False
        settings.max_errored_blocks = -1  # files of a lost block get rows of their own
        yield ray.data
    except ray.exceptions.RayError as error:
        raise UserError(f"the cluster gave up: {_cause(error)}", hint="the same command goes on") from error
    finally:
        ray.shutdown()


def _begin(ray: ModuleType, settings: Mapping[str, Any]) -> None:
    """A cluster of this machine; Ray gives it 30 seconds, and on a busy one the second try finds its files read."""
    try:
        ray.init(address="local", num_cpus=_cores(), **settings)
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        ray.shutdown()
        ray.init(address="local", num_cpus=_cores(), **settings)


def _check_there(address: str | None) -> None:
    """Ask whether anybody listens: Ray itself would ask for minutes."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "//" not in host:
        socket.create_connection((host, int(port)), PATIENCE).close()


def _cause(error: BaseException) -> str:
    """The last line of what a process of the cluster raised: the lines before are its traceback."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines[-1].strip() if lines else type(error).__name__)[:500]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
