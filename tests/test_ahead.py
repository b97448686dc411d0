"""Threads that read ahead: in order, not too far, and they stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from vidcap_core.files.prefetch import Lead, ahead, threads_shared


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


def test_the_first_item_comes_alone_and_on_all_threads() -> None:
    """Whatever the first source is, nobody else begins before it gave something; then all go on, fewer threads each."""
    lead: Lead[int] = Lead()
    seen: list[tuple[int, int]] = []

    def items(source: int) -> Iterator[int]:
        for number in range(2):
            seen.append((source, torch.get_num_threads()))
            time.sleep(0.02)
            yield 10 * source + number

    def produce(source: int, halted: Callable[[], bool]) -> Iterator[int]:
        return lead.follow(items(source), halted) if source else lead.take(items(source))

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        lead = Lead()
        with threads_shared(2) as prepare:
            got = [list(values) for _, values in ahead(range(3), produce, 2, prepare=prepare)]
    finally:
        torch.set_num_threads(before)
    assert got == [[0, 1], [10, 11], [20, 21]]
    assert seen[0] == (0, 2)
    assert [threads for _, threads in seen[1:]] == [1] * 5


def test_a_first_source_that_gives_nothing_or_fails_holds_nobody_up() -> None:
    for fails in (False, True):
        lead: Lead[int] = Lead()

        def first(fails: bool = fails) -> Iterator[int]:
            if fails:
                raise ValueError("no")
            yield from ()

        def produce(
            source: int,
            halted: Callable[[], bool],
            lead: Lead[int] = lead,
            first: Callable[[], Iterator[int]] = first,
        ) -> Iterator[int]:
            return lead.follow(iter([source]), halted) if source else lead.take(first())

        flow = ahead(range(2), produce, workers=2)
        _, items = next(flow)
        if fails:
            with pytest.raises(ValueError, match="no"):
                next(items)
        else:
            assert list(items) == []
        assert list(next(flow)[1]) == [1]
