"""Jobs in line: at most so many, each taken by the next free worker, results kept for a while."""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from vidcap_core.errors import in_a_line
from vidcap_core.serve.job import Job
from vidcap_core.serve.refusal import Refused
from vidcap_core.serve.settings import LISTENERS, UPLOADS, Limits
from vidcap_core.serve.worker import JobFailed, NotStarted, TooSlow, Worker, WorkerDied

RESULTS = 100
"""Results that are kept at most: they lie in memory, each with its pictures."""
PAUSE = 5.0
"""Seconds between two tries to start a worker that does not start."""
GUESS = 10.0
"""Seconds that a job takes, as long as none was done."""


class Line:
    """One thread a worker; requests add, look up and remove jobs."""

    def __init__(self, workers: Sequence[Worker], limits: Limits, warn: Callable[[str], None]) -> None:
        self._workers, self._limits, self._warn = workers, limits, warn
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._at: dict[str, Worker] = {}
        self._uploads = 0
        self._incoming = 0
        self._listeners = 0
        self._took: deque[float] = deque(maxlen=10)
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, args=(worker,), daemon=True) for worker in workers
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.kill()
        for thread in filter(threading.Thread.is_alive, self._threads):
            thread.join(timeout=5)

    @contextmanager
    def upload(self) -> Iterator[None]:
        """An upload, which has no place in line before it is here: a slow one keeps nobody else out."""
        with self._changed:
            self._check_room()
            if self._uploads >= UPLOADS:
                raise self._busy(f"{UPLOADS} uploads are under way")
            self._uploads += 1
        try:
            yield
        finally:
            with self._changed:
                self._uploads -= 1

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in line for an upload that is here; `Refused` (503) where there is none."""
        with self._changed:
            self._check_room()
            self._incoming += 1
        try:
            yield
        finally:
            with self._changed:
                self._incoming -= 1

    def check_listeners(self) -> None:
        """`Refused` (503) where too many listen."""
        if self._listeners >= LISTENERS:
            raise self._busy(f"{LISTENERS} requests listen to words")

    @contextmanager
    def listener(self) -> Iterator[None]:
        """One who listens to a job's words."""
        with self._changed:
            self._listeners += 1
        try:
            yield
        finally:
            with self._changed:
                self._listeners -= 1

    def add(self, job: Job) -> None:
        """Put a job at the end."""
        with self._changed:
            self._forget()
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._changed.notify()

    def get(self, id: str) -> Job:
        """A job, or `Refused` (404)."""
        with self._changed:
            self._forget()
            if id in self._jobs:
                return self._jobs[id]
        minutes = self._limits.keep / 60
        raise Refused(
            404, "there is no such job", f"the video again; results are kept for {minutes:.0f} minutes"
        )

    def ahead(self, job: Job) -> int:
        """How many jobs come before it."""
        with self._changed:
            return len(self._at) + self._waiting.index(job) if job in self._waiting else 0

    def remove(self, id: str) -> None:
        """Forget a job: out of the line, or with an end to the process that works on it."""
        job = self.get(id)
        with self._changed:
            del self._jobs[id]
            if job in self._waiting:
                self._waiting.remove(job)
            if id in self._at:  # with the lock held: it cannot have gone on to another job
                self._at[id].kill()
        job.words.close()
        job.path.unlink(missing_ok=True)

    def _serve(self, worker: Worker) -> None:
        while (job := self._next(worker)) is not None:
            try:
                job.finish(worker.caption(job))
                self._took.append(time.monotonic() - (job.began or 0))
            except JobFailed as failed:
                job.fail(**failed.problem)
            except TooSlow:
                job.fail(f"{job.name}: took longer than {self._limits.timeout:.0f} s", "a shorter clip")
            except WorkerDied:
                job.fail(
                    f"{job.name}: the process that worked on it broke down; a new one takes its place", _ANEW
                )
            except Exception as error:  # this thread must go on: else jobs would wait for nobody
                traceback.print_exc()
                job.fail(f"{job.name}: captioning failed ({type(error).__name__})", _ANEW)
                worker.kill()
            finally:
                with suppress(OSError):
                    job.path.unlink(missing_ok=True)
                with self._changed:
                    del self._at[job.id]

    def _next(self, worker: Worker) -> Job | None:
        """The job to do now; None at the end. A process that died meanwhile is started again first."""
        while True:
            with self._changed:
                if self._closed:
                    return None
                if worker.alive and self._waiting:
                    job = self._waiting.popleft()
                    self._at[job.id] = worker
                    job.start()
                    return job
                if worker.alive:
                    self._changed.wait(timeout=1)
                    continue
            try:
                worker.start()
            except Exception as error:  # the models, or a machine that has no more files, processes or memory
                self._not_started(error)

    def _not_started(self, error: Exception) -> None:
        """Say so, and wait a little; a job that no other worker could take fails, and hears why."""
        with self._changed:
            if self._closed:
                return
            with suppress(OSError):
                self._warn(f"{in_a_line(error)}\n  trying again in {PAUSE:.0f} s")
            if self._waiting and not any(worker.alive for worker in self._workers):
                job = self._waiting.popleft()
                reason = (
                    error.message if isinstance(error, NotStarted) else "its models could not be loaded again"
                )
                job.fail(f"{job.name}: {reason}", "the same video a little later")
                job.path.unlink(missing_ok=True)
            self._changed.wait(timeout=PAUSE)

    def _check_room(self) -> None:
        if self._incoming + len(self._waiting) + len(self._at) >= self._limits.places:
            raise self._busy("all places in line are taken")

    def _busy(self, why: str) -> Refused:
        again = {"Retry-After": str(self._free_in())}
        return Refused(503, f"busy: {why}", f"the same request in {again['Retry-After']} seconds", again)

    def _free_in(self) -> int:
        """Seconds until a place may be free."""
        each = sum(self._took) / len(self._took) if self._took else GUESS
        return max(1, min(120, math.ceil(each / len(self._workers))))

    def _forget(self) -> None:
        """Drop results whose time is over, and the oldest of too many."""
        oldest = time.monotonic() - self._limits.keep
        ended = [job for job in self._jobs.values() if job.ended is not None]
        for index, job in enumerate(reversed(ended)):
            if index >= RESULTS or (job.ended or 0) < oldest:
                del self._jobs[job.id]


_ANEW = "the same video once more; if it happens again, the video is damaged or too large for this machine"
