"""Threads that read ahead: in order, not too far, and they stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from vidcap_core.files.prefetch import ahead


def test_items_come_in_order_whatever_takes_longest() -> None:
    def produce(source: int, halted: Callable[[], bool]) -> Iterator[int]:
        time.sleep(0.02 * (3 - source % 4))
        yield from range(source * 10, source * 10 + 3)

    got = [(source, list(items)) for source, items in ahead(range(12), produce, workers=4, room=1)]
    assert got == [(n, [n * 10, n * 10 + 1, n * 10 + 2]) for n in range(12)]


def test_an_error_comes_where_the_item_would_have() -> None:
    def produce(source: int, halted: Callable[[], bool]) -> Iterator[int]:
        yield source
        if source == 1:
            raise ValueError("no")

    flow = ahead(range(3), produce, workers=2)
    assert list(next(flow)[1]) == [0]
    items = next(flow)[1]
    assert next(items) == 1
    with pytest.raises(ValueError, match="no"):
        next(items)
    assert list(next(flow)[1]) == [2]


def test_no_more_is_produced_than_there_is_room_for() -> None:
    made: list[tuple[int, int]] = []

    def produce(source: int, halted: Callable[[], bool]) -> Iterator[int]:
        for number in range(100):
            made.append((source, number))
            yield number

    flow = ahead(range(50), produce, workers=2, room=3)
    _, items = next(flow)
    next(items)
    time.sleep(0.3)
    assert len(made) <= 2 * (3 + 2), "two workers, each with three items lying ready and one in its hand"
    flow.close()


def test_threads_end_when_nobody_wants_more() -> None:
    def produce(source: int, halted: Callable[[], bool]) -> Iterator[int]:
        number = 0
        while not halted():
            yield (number := number + 1)

    before = set(threading.enumerate())  # other tests may have left some that are about to end
    flow = ahead(range(8), produce, workers=3)
    next(next(flow)[1])
    assert set(threading.enumerate()) - before
    flow.close()
    assert not set(threading.enumerate()) - before
