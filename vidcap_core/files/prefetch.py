"""Work that runs ahead: threads produce what is asked for next, a bounded amount of it, in order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Generic, TypeVar

Source = TypeVar("Source")
Item = TypeVar("Item")
PATIENCE = 0.1
"""Seconds after which a thread that waits for room looks whether anybody still wants its items."""


class _Box(Generic[Item]):
    """What one source gave so far: items, then an end that may be an error."""

    def __init__(self, room: int, stopped: threading.Event) -> None:
        self._items: queue.Queue[tuple[bool, Item | BaseException | None]] = queue.Queue(room)
        self._stopped = stopped

    def fill(self, items: Callable[[], Iterator[Item]]) -> None:
        """Runs in a thread; ends early when nobody wants more."""
        try:
            for item in items():
                if not self._put((True, item)):
                    return
            self._put((False, None))
        except BaseException as error:
            self._put((False, error))

    def __iter__(self) -> Iterator[Item]:
        while True:
            more, item = self._items.get()
            if more:
                yield item  # type: ignore[misc]
            elif item is None:
                return
            else:
                raise item  # type: ignore[misc]

    def _put(self, entry: tuple[bool, Item | BaseException | None]) -> bool:
        while not self._stopped.is_set():
            try:
                self._items.put(entry, timeout=PATIENCE)
            except queue.Full:
                continue
            return True
        return False


def ahead(
    sources: Iterable[Source],
    produce: Callable[[Source, Callable[[], bool]], Iterator[Item]],
    workers: int,
    room: int = 4,
    prepare: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Source, Iterator[Item]]]:
    """Each source with its items, in order; an error comes out where the item would have.

    At most `workers` sources are worked on, at most as many more lie ready, each with `room` items at most.
    `produce` may ask its second argument whether to stop; `prepare` runs once in each thread.
    """
    stopped = threading.Event()
    waiting: deque[tuple[Source, _Box[Item]]] = deque()

    def submit(source: Source) -> None:
        box: _Box[Item] = _Box(room, stopped)
        waiting.append((source, box))
        pool.submit(box.fill, lambda: produce(source, stopped.is_set))

    pool = ThreadPoolExecutor(max(1, workers), "vidcap-read", prepare)
    try:
        for source in sources:
            submit(source)
            if len(waiting) > 2 * max(1, workers):
                first, box = waiting.popleft()
                yield first, iter(box)
        while waiting:
            first, box = waiting.popleft()
            yield first, iter(box)
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


class Lead(Generic[Item]):
    """The first item of all comes alone, on all of torch's threads: somebody waits for it. Then the others begin."""

    def __init__(self) -> None:
        import torch

        self._threads, self._there = torch.get_num_threads(), threading.Event()

    def take(self, items: Iterator[Item]) -> Iterator[Item]:
        """What the first source gives."""
        import torch

        shared = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            first = list(islice(items, 1))
        finally:
            torch.set_num_threads(shared)
            self._there.set()
        yield from first
        yield from items

    def follow(self, items: Iterator[Item], halted: Callable[[], bool]) -> Iterator[Item]:
        """What another source gives, once the first item is there."""
        while not self._there.wait(PATIENCE) and not halted():
            pass
        yield from items


@contextmanager
def threads_shared(workers: int) -> Iterator[Callable[[], None]]:
    """Torch's threads shared out among the workers, who decode and encode each by themselves.

    Two networks side by side on a core each are faster than one after the other on both: nobody waits for anybody.
    Each worker calls what this gives before it begins.
    """
    import torch  # what reads ahead without a network needs none

    before = torch.get_num_threads()
    each = max(1, before // max(1, workers))
    torch.set_num_threads(each)
    try:
        yield lambda: torch.set_num_threads(each)
    finally:
        torch.set_num_threads(before)
