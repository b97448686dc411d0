"""One measurement in a process of its own: a benchmark starts itself again with `--worker` and reads what it prints."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


@dataclass(frozen=True)
class Child:
    """What a process printed last, and its seconds: the processor's with its children's, and the clock's."""

    printed: Any
    processor: float
    clock: float


def run_child(script: str, *arguments: str) -> Child:
    """Run a Python script to its end."""
    before, start = processor_seconds(), time.perf_counter()
    done = subprocess.run([sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    clock, after = time.perf_counter() - start, processor_seconds()
    return Child(json.loads(done.stdout.splitlines()[-1]), after - before, clock)


def worker_arguments() -> list[str] | None:
    """The arguments of a process that a benchmark started; None in the benchmark itself."""
    return sys.argv[2:] if sys.argv[1:2] == ["--worker"] else None


def processor_seconds() -> float:
    """Of this process so far, and of its children that have ended (Java)."""
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, WHO))


def peak_mebibytes() -> float:
    """The most memory of this process, and of the largest of its children."""
    return sum(resource.getrusage(who).ru_maxrss for who in WHO) / 1024
