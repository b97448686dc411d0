"""One attack: a command in a process that may die, and what must be true of how it ends."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 60
"""Longest that an attempt may take."""


@dataclass(frozen=True)
class Result:
    """How a command ended; `code` is None where it had to be killed."""

    code: int | None
    out: str
    err: str
    peak: float = 0.0  # MiB


@dataclass(frozen=True)
class Attempt:
    """A command line, the exit codes that are right, and what else must be true of its result.

    `right` gives what is wrong, or nothing. `before` runs in the process of the command.
    """

    name: str
    words: Sequence[str]
    codes: frozenset[int] = frozenset({0, 1, 2})
    right: Callable[[Result], str | None] = lambda result: None
    before: Callable[[], None] = lambda: None
    marker: Path | None = None  # a file that appears when a stranger's code runs


@dataclass
class Row:
    """A row of the table."""

    attack: str
    tried: int = 0
    peak: float = 0.0
    failed: list[str] = field(default_factory=list)
    code_ran: int = 0
    internal: int = 0
    wrong: int = 0

    @property
    def survived(self) -> int:
        """Attempts that ended as they should."""
        return self.tried - len(self.failed)

    def add(self, attempt: Attempt, result: Result) -> None:
        """Judge one more."""
        self.tried += 1
        self.peak = max(self.peak, result.peak)
        if (reason := judged(attempt, result)) is not None:
            self.failed.append(f"{attempt.name}: {reason}")
            self.code_ran += reason == CODE_RAN
            self.internal += reason.startswith(INTERNAL)
            self.wrong += reason.startswith(WRONG)


CODE_RAN, INTERNAL, WRONG = "a stranger's code ran", "internal error", "wrong"


def judged(attempt: Attempt, result: Result) -> str | None:
    """What is wrong with how an attempt ended."""
    if attempt.marker is not None and attempt.marker.exists():
        return CODE_RAN
    if result.code is None:
        return f"still running after {SECONDS} s"
    last = " ".join(result.err.split())[-300:]
    if "internal error" in result.err or "Traceback" in result.err:
        return f"{INTERNAL}: {last}"
    if result.code not in (0, 1, 2):
        return f"exit code {result.code}: {last}"
    if result.code == 2 and "error: " not in result.err:
        return f"refused without a word: {last}"
    if result.code not in attempt.codes:
        return f"{WRONG}: exit code {result.code}, not {sorted(attempt.codes)}: {last}"
    wrong = attempt.right(result)
    return None if wrong is None else f"{WRONG}: {wrong}"


def tried(attack: str, attempts: Iterable[Attempt]) -> Row:
    """All attempts of a kind."""
    row = Row(attack)
    for attempt in attempts:
        row.add(attempt, forked(attempt))
    return row


def forked(attempt: Attempt) -> Result:
    """Type the command in a forked process, which has all modules already."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _type(attempt, out.fileno(), err.fileno())
        code, peak = _waited(child)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Result(code, texts[0], texts[1], peak)


def _type(attempt: Attempt, out: int, err: int) -> None:
    code = 99
    try:
        os.setpgid(0, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        attempt.before()
        from vidcap_core.cli.main import main

        code = main(list(attempt.words))
    except SystemExit as stopped:  # of argparse
        code = stopped.code if isinstance(stopped.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _waited(child: int) -> tuple[int | None, float]:
    """Exit code and peak memory; after too long everything that it started is killed too."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
        time.sleep(0.002)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)
    return None, os.wait4(child, 0)[2].ru_maxrss / 1024
