"""In which order the samples of shards come: shards in a new order each pass, samples through a buffer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

Place = tuple[int, int]
"""A shard, and a sample in it, by their numbers."""


def order_of(shards: int, seed: Sequence[int], number: int, lane: int, lanes: int) -> list[int]:
    """The shards that a lane reads in a pass: the lanes of a pass share none, and leave none out."""
    order = list(range(shards))
    random.Random(f"shards {list(seed)} {number}").shuffle(order)
    return order[lane::lanes]


def shuffled(
    order: Sequence[int], count: Callable[[int], int], size: int, chance: random.Random
) -> Iterator[tuple[list[Place], Place]]:
    """Each place of a pass once: the next to be read, behind those that entered the buffer since the last.

    From a full buffer of `size` places one is drawn, and the next of the shards takes its room.
    """
    buffer: list[Place] = []
    entered: list[Place] = []
    for shard in order:
        for place in zip(repeat(shard), range(count(shard))):
            entered.append(place)
            if len(buffer) < size:
                buffer.append(place)
                continue
            at = int(chance.random() * size)
            left, buffer[at] = buffer[at], place
            yield entered, left
            entered = []
    chance.shuffle(buffer)
    for left in buffer:
        yield entered, left
        entered = []
